/*! The headers of envelopes and their elements go in; the origin of each event comes out. */

use std::sync::Arc;

use crate::decode::event::Origin;
use crate::decode::subscription::envelope_start::EnvelopeHeader;

/// The origins of a subscription file.
#[derive(Debug)]
pub(crate) struct Origins {
    /// The origin of events outside of envelopes, from the object's key.
    base: Origin,
    /// The origin of the current envelope.
    envelope: Origin,
    /// The origin of the last event: its envelope's, changed by its element.
    current: Arc<Origin>,
}

impl Origins {
    pub fn new(base: Origin) -> Self {
        Origins {
            envelope: base.clone(),
            current: Arc::new(base.clone()),
            base,
        }
    }

    pub fn base(&self) -> &Origin {
        &self.base
    }

    /// The origin of the last event.
    pub fn current(&self) -> &Arc<Origin> {
        &self.current
    }

    /// Enters an envelope.
    pub fn enter(&mut self, header: &EnvelopeHeader, data: &[u8]) {
        // Account and group are a part of ids, so the values of an operator's pattern must not replace missing ones.
        let mut origin = Origin {
            account: None,
            log_group: None,
            ..self.base.clone()
        };
        if let Some(owner) = header.string(data, &header.owner) {
            origin.account = Some(owner.into_owned());
        }
        if let Some(group) = header.string(data, &header.log_group) {
            origin.set_group(&group);
        }
        if let Some(stream) = header.string(data, &header.log_stream) {
            origin.set_stream(&stream);
        }
        self.envelope = origin;
    }

    /// Leaves the envelope, for an event outside of envelopes.
    pub fn leave(&mut self) {
        self.envelope = self.base.clone();
        self.set(None, None, None);
    }

    /// Sets the origin of an event. Its element may name an account, a region and a stream of its own.
    pub fn set(
        &mut self,
        account: Option<&String>,
        region: Option<&String>,
        stream: Option<&String>,
    ) {
        let account = account.or(self.envelope.account.as_ref());
        let region = region.or(self.envelope.region.as_ref());
        let log_stream = stream.or(self.envelope.log_stream.as_ref());
        let now = &self.current;
        if now.account.as_ref() != account
            || now.region.as_ref() != region
            || now.log_group != self.envelope.log_group
            || now.log_stream.as_ref() != log_stream
        {
            let mut origin = Origin {
                account: account.cloned(),
                region: region.cloned(),
                ..self.envelope.clone()
            };
            if let Some(stream) = stream {
                origin.set_stream(stream);
            }
            self.current = Arc::new(origin);
        }
    }
}
