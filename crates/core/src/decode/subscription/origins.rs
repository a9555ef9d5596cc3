/*! Where the events of a subscription file were logged: as its envelopes say. */

use std::sync::Arc;

use crate::decode::event::Origin;
use crate::decode::subscription::envelope_start::EnvelopeHeader;

#[derive(Debug)]
pub(crate) struct Origins {
    /// What is known without an envelope.
    base: Origin,
    /// What the envelope says.
    envelope: Origin,
    /// What the last event's envelope and element say.
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

    /// The last event's.
    pub fn current(&self) -> &Arc<Origin> {
        &self.current
    }

    /// An envelope begins.
    pub fn enter(&mut self, header: &EnvelopeHeader, data: &[u8]) {
        // Both are a part of ids: what an operator's pattern finds in the key must not stand in for them.
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

    /// Text outside of all envelopes.
    pub fn leave(&mut self) {
        self.envelope = self.base.clone();
        self.set(None, None, None);
    }

    /// An event, whose element may name its own account, region and stream.
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
