//! A target for the tests of this folder.

use crate::export::{Destination, LogGroup, Target};

pub fn target(name: &str) -> Target {
    let group = LogGroup {
        name: name.to_owned(),
        account: "123456789012".to_owned(),
        region: "eu-central-1".to_owned(),
        arn: format!("arn:aws:logs:eu-central-1:123456789012:log-group:{name}"),
        class: None,
    };
    let destination = Destination {
        bucket: "logs".to_owned(),
        prefix: "exports".to_owned(),
    };
    Target::new(group, &destination)
}
