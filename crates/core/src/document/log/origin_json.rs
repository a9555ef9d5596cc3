/*! An origin and its object go in; the members `aws` and `cloud` of its log documents come out. They are encoded once
for all documents of the origin. */

use std::sync::Arc;

use crate::decode::Origin;
use crate::document::Flag;
use crate::document::log::app::AppWriter;
use crate::json;
use crate::parse::Xray;

/// The members that all documents of an origin share.
#[derive(Debug)]
pub(crate) struct OriginJson {
    pub origin: Arc<Origin>,
    /// `"log":{"group":…,"stream":…,"extracted":…}` for `aws`; empty if none of them is known.
    log: Vec<u8>,
    /// `"cloud":{…}`; empty if it has no members.
    cloud: Vec<u8>,
    /// `,"aws":{…},"cloud":{…}` of a document without a trace.
    pub untraced: Vec<u8>,
}

impl OriginJson {
    /// `app` writes `aws.log.extracted`: like `app` it is an object that somebody else made.
    pub fn new(origin: Arc<Origin>, s3: &[u8], app: &mut AppWriter) -> Self {
        let mut log = Vec::new();
        json::object_member(&mut log, "log", |out| {
            for (name, value) in [("group", &origin.log_group), ("stream", &origin.log_stream)] {
                json::object_member(out, name, |out| {
                    json::string_member(out, "name", value.as_deref());
                });
            }
            if let Some(extracted) = &origin.subscription.extracted {
                let start = out.len();
                json::key(out, "extracted");
                if app.write(out, extracted).has(Flag::AppInvalid) {
                    out.truncate(start);
                }
            }
        });
        let mut cloud = Vec::new();
        json::object_member(&mut cloud, "cloud", |out| {
            json::object_member(out, "account", |out| {
                json::string_member(out, "id", origin.account.as_deref());
            });
            json::string_member(out, "region", origin.region.as_deref());
        });
        let mut parts = Self {
            origin,
            log,
            cloud,
            untraced: Vec::new(),
        };
        let mut untraced = Vec::new();
        parts.write(None, s3, &mut untraced);
        // It always has the bucket, and a member before it.
        untraced.insert(0, b',');
        parts.untraced = untraced;
        parts
    }

    /// Appends the members as to an open object, with an X-Ray trace if the record has one.
    pub fn write(&self, xray: Option<&Xray<'_>>, s3: &[u8], out: &mut Vec<u8>) {
        json::object_member(out, "aws", |out| {
            if let Some(xray) = xray {
                json::object_member(out, "xray", |out| {
                    json::string_member(out, "trace_id", xray.trace_id.as_deref());
                    json::string_member(out, "segment_id", xray.segment_id.as_deref());
                    json::bool_member(out, "sampled", xray.sampled);
                });
            }
            json::encoded_member(out, &self.log);
            json::encoded_member(out, s3);
        });
        json::encoded_member(out, &self.cloud);
    }
}
