/*! A record, the context of its line and its origin go in; the member `faas` (function as a service) of a log document
comes out: the function's name and version, and the invocation. */

use crate::decode::Origin;
use crate::document::LineContext;
use crate::json;
use crate::parse::Record;

/// The values of the members of `faas`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct FaasFields<'a> {
    pub name: Option<&'a str>,
    pub version: Option<&'a str>,
    invocation_id: Option<&'a str>,
    pub inferred: bool,
    pub cold_start: Option<bool>,
}

/// The encoded `"faas":{…}` of the previous document. The lines of an invocation share it.
#[derive(Debug, Default)]
pub(crate) struct FaasJson {
    name: Option<String>,
    version: Option<String>,
    invocation_id: Option<String>,
    inferred: bool,
    cold_start: Option<bool>,
    /// The encoded member with a leading comma; empty if `faas` has no members.
    written: Vec<u8>,
}

impl<'a> FaasFields<'a> {
    /// Each value comes from the record, else from its context, else from the name of the log stream (`origin`).
    pub(crate) fn of(
        origin: &'a Origin,
        record: &'a Record<'_>,
        context: &LineContext<'a>,
    ) -> Self {
        let own_id = record.request_id.as_deref();
        Self {
            name: (record.function_name.as_deref())
                .or(context.function_name)
                .or(origin.function_name.as_deref()),
            version: (record.version.as_deref())
                .or(context.function_version)
                .or(origin.function_version.as_deref()),
            invocation_id: own_id.or(context.request_id_inferred),
            inferred: own_id.is_none() && context.request_id_inferred.is_some(),
            cold_start: context.cold_start,
        }
    }
}

impl FaasJson {
    fn fields(&self) -> FaasFields<'_> {
        FaasFields {
            name: self.name.as_deref(),
            version: self.version.as_deref(),
            invocation_id: self.invocation_id.as_deref(),
            inferred: self.inferred,
            cold_start: self.cold_start,
        }
    }

    /// Appends the member with a leading comma; nothing if it has no members.
    pub(crate) fn write(&mut self, faas: FaasFields<'_>, out: &mut Vec<u8>) {
        if self.fields() != faas {
            self.encode(faas);
        }
        out.extend_from_slice(&self.written);
    }

    #[inline(never)]
    fn encode(&mut self, faas: FaasFields<'_>) {
        copy(&mut self.name, faas.name);
        copy(&mut self.version, faas.version);
        copy(&mut self.invocation_id, faas.invocation_id);
        self.inferred = faas.inferred;
        self.cold_start = faas.cold_start;
        self.written.clear();
        json::object_member(&mut self.written, "faas", |out| {
            json::string_member(out, "name", faas.name);
            json::string_member(out, "version", faas.version);
            json::string_member(out, "invocation_id", faas.invocation_id);
            json::bool_member(out, "invocation_id_inferred", faas.inferred.then_some(true));
            json::bool_member(out, "coldstart", faas.cold_start);
        });
        if !self.written.is_empty() {
            self.written.insert(0, b',');
        }
    }
}

/// Copies `text` into `kept`, reusing its memory.
fn copy(kept: &mut Option<String>, text: Option<&str>) {
    match (kept.as_mut(), text) {
        (Some(kept), Some(text)) => {
            kept.clear();
            kept.push_str(text);
        }
        _ => *kept = text.map(str::to_owned),
    }
}
