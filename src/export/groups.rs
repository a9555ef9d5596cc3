/*! A selector goes in; CloudWatch's log groups that it selects come out.

CloudWatch does not list groups by tag, and there are two ways to ask for tags. `logs:ListTagsForResource` is asked
here: one request for each group that the names select and that can be exported. `tag:GetResources` of the Resource
Groups Tagging API gives a hundred in a request, but needs a further crate and a permission on all resources of the
account, and its answer is all or nothing: it cannot say that the tags of one group must not be read. A pass takes
minutes for each group, so that the requests do not count. */

use futures_util::{StreamExt, stream};

use crate::export::position::retrying;
use crate::export::{LogsApi, LogsError};
use logferry_core::export::{GroupSelector, GroupTags, LogGroup, Selection};

/// Requests for tags at once. CloudWatch throttles them for the whole account and region.
const TAG_REQUESTS: usize = 4;

/// Lists all groups that the selector may name, page by page, and selects.
pub async fn list_groups(
    api: &dyn LogsApi,
    selector: &GroupSelector,
) -> Result<Selection, LogsError> {
    let mut listed: Vec<LogGroup> = Vec::new();
    for prefix in selector.listed_prefixes() {
        let mut page = None;
        loop {
            let found = retrying(|| api.groups(prefix, page.as_deref())).await?;
            listed.extend(found.items);
            page = found.next;
            if page.is_none() {
                break;
            }
        }
    }
    let mut selection = selector.select(listed);
    if selector.tags.is_empty() {
        return Ok(selection);
    }
    let chosen = std::mem::take(&mut selection.chosen);
    let reading = stream::iter(chosen).map(|group| async {
        let tags = read_tags(api, &group).await;
        (group, tags)
    });
    let tags = reading.buffered(TAG_REQUESTS).collect().await;
    Ok(selector.filter_by_tags(selection, tags))
}

/// A group whose tags cannot be read is left out; the others do not suffer from it.
async fn read_tags(api: &dyn LogsApi, group: &LogGroup) -> GroupTags {
    match retrying(|| api.tags(group)).await {
        Ok(Some(tags)) => GroupTags::Read(tags),
        Ok(None) => GroupTags::Gone,
        Err(error) => GroupTags::Unreadable(format!("its tags cannot be read: {error}")),
    }
}
