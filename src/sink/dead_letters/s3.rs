/*! Dead letters go in; one S3 object per set comes out: `<prefix>/<name>.ndjson.gz`. A put is atomic, and its response
confirms it. The objects are read again, and removed or rewritten if they are unchanged. */

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::GetObjectError;
use futures_util::{TryStreamExt, stream};

use crate::sink::dead_letters::archive::{
    Addresses, ArchiveError, DeadLetterArchive, LetterAddress, LetterSet, Removal,
};
use crate::sink::dead_letters::letter_lines::{
    ENDING, LARGEST_STORED, gzip, kind_of, read_letters,
};
use crate::sink::dead_letters::trial::{TRIAL, trial_file};
use crate::sink::dead_letters::{DeadLetterError, DeadLetterFile, DeadLetters, Trial, TrialEnd};
use crate::source::aws_errors::{is_changed, sdk_reason};

pub struct DeadLetterBucket {
    client: Client,
    bucket: String,
    /// Key prefix without slashes at its ends; may be empty.
    prefix: String,
}

impl DeadLetterBucket {
    pub fn new(client: Client, bucket: String, prefix: &str) -> Self {
        Self {
            client,
            bucket,
            prefix: prefix.trim_matches('/').to_owned(),
        }
    }
}

#[async_trait]
impl DeadLetters for DeadLetterBucket {
    async fn write(&self, letters: &DeadLetterFile) -> Result<(), DeadLetterError> {
        let key = self.key_of(&letters.name);
        self.client
            .put_object()
            .bucket(&self.bucket)
            .key(&key)
            .content_type("application/gzip")
            .body(letters.gzip()?.into())
            .send()
            .await
            .map_err(|e| DeadLetterError {
                status: e.raw_response().map(|response| response.status().as_u16()),
                code: e.code().map(str::to_owned),
                reason: format!("s3://{}/{key}: {}", self.bucket, sdk_reason(&e)),
            })?;
        Ok(())
    }
}

#[async_trait]
impl Trial for DeadLetterBucket {
    async fn try_out(&self) -> Result<TrialEnd, DeadLetterError> {
        self.write(&trial_file()).await?;
        let delete = (self.client.delete_object())
            .bucket(&self.bucket)
            .key(self.key_of(TRIAL));
        Ok(match delete.send().await {
            Ok(_) => TrialEnd::Removed,
            Err(error) => TrialEnd::Stays(sdk_reason(&error)),
        })
    }
}

/// A page of keys, and the token of the next page.
type Keys = (Vec<String>, Option<String>);

impl DeadLetterBucket {
    /// The key of a file of letters.
    fn key_of(&self, name: &str) -> String {
        let key = format!("{}/{name}.ndjson.gz", self.prefix);
        key.trim_start_matches('/').to_owned()
    }

    fn url(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.bucket)
    }

    /// The key of an address.
    fn key<'a>(&self, address: &'a LetterAddress) -> &'a str {
        let bucket = "s3://".len() + self.bucket.len() + 1;
        address.name.get(bucket..).unwrap_or_default()
    }

    async fn page(&self, token: Option<String>) -> Result<Keys, ArchiveError> {
        let prefix = match &*self.prefix {
            "" => String::new(),
            prefix => format!("{prefix}/"),
        };
        let response = (self.client.list_objects_v2())
            .bucket(&self.bucket)
            .prefix(&prefix)
            .set_continuation_token(token)
            .send()
            .await
            .map_err(|e| failed(&self.url(&prefix), "s3:ListBucket", &e))?;
        let next = response.next_continuation_token;
        let keys = response.contents.unwrap_or_default();
        let keys = keys.into_iter().filter_map(|object| object.key);
        let keys = keys.filter(|key| is_letter(&key[prefix.len().min(key.len())..]));
        Ok((keys.collect(), next))
    }
}

/// Whether a key below the prefix is one of ours: `<hash>/<name>.ndjson.gz`.
fn is_letter(key: &str) -> bool {
    let hash = |hash: &str| hash.len() == 32 && hash.bytes().all(|b| b.is_ascii_hexdigit());
    key.ends_with(ENDING)
        && key
            .split_once('/')
            .is_some_and(|(first, name)| hash(first) && !name.contains('/'))
}

fn failed<E>(
    url: &str,
    permission: &str,
    error: &SdkError<E, aws_sdk_s3::config::http::HttpResponse>,
) -> ArchiveError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let hint = match error.code() {
        Some("AccessDenied") => format!(": allow {permission}"),
        _ => String::new(),
    };
    ArchiveError(format!("{url}: {}{hint}", sdk_reason(error)))
}

#[async_trait]
impl DeadLetterArchive for DeadLetterBucket {
    fn addresses(&self) -> Addresses<'_> {
        let pages = stream::try_unfold(Some(None), move |token| async move {
            let Some(token) = token else {
                return Ok(None);
            };
            let (keys, next) = self.page(token).await?;
            let addresses = keys.into_iter().map(|key| {
                Ok(LetterAddress {
                    name: self.url(&key),
                    kind: kind_of(&key),
                    ids: Vec::new(),
                })
            });
            let addresses: Vec<Result<_, ArchiveError>> = addresses.collect();
            Ok(Some((stream::iter(addresses), next.map(Some))))
        });
        Box::pin(pages.try_flatten())
    }

    async fn read(&self, address: LetterAddress) -> Result<Option<LetterSet>, ArchiveError> {
        let key = self.key(&address);
        let got = self.client.get_object().bucket(&self.bucket).key(key);
        let object = match got.send().await {
            Ok(object) => object,
            Err(error)
                if matches!(error.as_service_error(), Some(GetObjectError::NoSuchKey(_))) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(failed(&address.name, "s3:GetObject", &error)),
        };
        let length = object.content_length.and_then(|n| u64::try_from(n).ok());
        if length.is_none_or(|length| length > LARGEST_STORED) {
            let reason = "larger than any file of dead letters";
            return Err(ArchiveError(format!("{}: {reason}", address.name)));
        }
        let version = object.e_tag.unwrap_or_default();
        let body = object.body.collect().await;
        let body = body.map_err(|e| ArchiveError(format!("{}: {e}", address.name)))?;
        Ok(Some(LetterSet {
            letters: read_letters(&address.name, &body.into_bytes())?,
            version,
            address,
        }))
    }

    async fn remove(&self, set: &LetterSet, positions: &[usize]) -> Result<Removal, ArchiveError> {
        let (url, key) = (&set.address.name, self.key(&set.address));
        let lines = set.lines_without(positions);
        let refused = if lines.is_empty() {
            let delete = self.client.delete_object().bucket(&self.bucket).key(key);
            match delete.if_match(&set.version).send().await {
                Ok(_) => return Ok(Removal::Removed),
                Err(e) => (
                    e.code().map(str::to_owned),
                    failed(url, "s3:DeleteObject", &e),
                ),
            }
        } else {
            let bytes = gzip(&lines).map_err(|e| ArchiveError(format!("{url}: {e}")))?;
            let put = self.client.put_object().bucket(&self.bucket).key(key);
            let put = put.content_type("application/gzip").body(bytes.into());
            match put.if_match(&set.version).send().await {
                Ok(_) => return Ok(Removal::Removed),
                Err(e) => (e.code().map(str::to_owned), failed(url, "s3:PutObject", &e)),
            }
        };
        match refused {
            (code, _) if is_changed(code.as_deref()) => Ok(Removal::Changed),
            (Some(code), _) if code == "NoSuchKey" => Ok(Removal::Removed),
            (_, error) => Err(error),
        }
    }
}
