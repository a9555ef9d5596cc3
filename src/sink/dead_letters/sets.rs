/*! A store goes in; the sets of letters in it come out, some of them read ahead. */

use futures_util::future::BoxFuture;
use futures_util::{Stream, StreamExt};

use crate::sink::dead_letters::archive::{
    ArchiveError, DeadLetterArchive, LetterAddress, LetterSet,
};

/// Sets that are read ahead.
const READ_AHEAD: usize = 8;

/// An item of [`sets`].
pub enum Read {
    Set(LetterSet),
    /// A file that cannot be read. The others can.
    Unreadable(ArchiveError),
    /// The list ends early.
    Failed(ArchiveError),
}

/// The sets at all addresses that `wanted` takes, some of them read ahead.
pub fn sets<'a>(
    archive: &'a dyn DeadLetterArchive,
    wanted: impl Fn(&LetterAddress) -> bool + 'a,
) -> impl Stream<Item = Read> + 'a {
    archive
        .addresses()
        .map(move |address| match address {
            Ok(address) if !wanted(&address) => Ok(None),
            Ok(address) => Ok(Some(address)),
            Err(error) => Err(error),
        })
        .map(move |address| -> BoxFuture<'a, Option<Read>> {
            Box::pin(async move {
                match address {
                    Ok(None) => None,
                    Ok(Some(address)) => match archive.read(address).await {
                        Ok(set) => set.map(Read::Set),
                        Err(error) => Some(Read::Unreadable(error)),
                    },
                    Err(error) => Some(Read::Failed(error)),
                }
            })
        })
        .buffered(READ_AHEAD)
        .filter_map(std::future::ready)
}
