/*! Whether a service may send to a queue: as IAM decides, a statement that denies wins, and without one that allows
nothing is allowed. */

use crate::check::policy::condition::{Truth, holds};
use crate::check::policy::document::{Effect, Policy, Selection, Statement};
use crate::check::policy::pattern::glob;
use crate::check::policy::sender::{Sender, Source};

const ACTION: &str = "sqs:SendMessage";
/// A name that no policy names; only a star matches it.
const NOBODY: &str = "\u{1}";

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyVerdict {
    /// `open`: the same statement lets sources of every account send.
    Allowed { open: bool },
    /// The statement that denies.
    Denied(String),
    /// The statement that comes nearest, and what it lacks; `None`: no statement is about the sender.
    NotAllowed(Option<String>),
    /// The condition that cannot be decided here.
    Unclear(String),
}

/// One step of the match of a statement, in the order in which a near miss is described.
struct Steps {
    principal: Truth,
    action: Truth,
    resource: Truth,
    condition: Truth,
}

impl Steps {
    fn of(statement: &Statement, sender: &Sender, queue_arn: &str) -> Self {
        let principals = &statement.principals;
        let named = principals.everyone
            || (principals.services.iter()).any(|service| is_service(service, &sender.service));
        let conditions = statement.conditions.iter();
        Self {
            principal: Truth::of(named != principals.not),
            action: Truth::of(selects(&statement.actions, ACTION, true)),
            resource: Truth::of(selects(&statement.resources, queue_arn, false)),
            condition: conditions.fold(Truth::Yes, |all, c| all.and(holds(c, sender))),
        }
    }

    fn all(&self) -> Truth {
        let Self {
            principal,
            action,
            resource,
            condition,
        } = self;
        principal.and(*action).and(*resource).and(*condition)
    }

    /// How many steps match before the first that does not.
    fn depth(&self) -> usize {
        let steps = [self.principal, self.action, self.resource, self.condition];
        steps.iter().take_while(|step| **step == Truth::Yes).count()
    }
}

/// `sns.eu-south-1.amazonaws.com` is `sns.amazonaws.com` of a region.
fn is_service(listed: &str, service: &str) -> bool {
    let plain = |name: &str| {
        let name = name
            .trim_end_matches(".cn")
            .trim_end_matches(".amazonaws.com");
        name.split('.').next().unwrap_or_default().to_owned()
    };
    listed == service || (listed.contains(".amazonaws.com") && plain(listed) == plain(service))
}

fn selects(selection: &Selection, text: &str, ignore_case: bool) -> bool {
    let lower = |text: &str| match ignore_case {
        true => text.to_ascii_lowercase(),
        false => text.to_owned(),
    };
    let text = lower(text);
    let any = (selection.patterns.iter()).any(|pattern| glob(&lower(pattern), &text));
    any != selection.not
}

/// Whether the sender may send to the queue.
pub fn judge(policy: &Policy, sender: &Sender, queue_arn: &str) -> PolicyVerdict {
    let steps = |statement| Steps::of(statement, sender, queue_arn);
    let of = |effect| policy.statements.iter().filter(move |s| s.effect == effect);
    let denying = of(Effect::Deny).find(|statement| steps(statement).all() == Truth::Yes);
    if let Some(statement) = denying {
        return PolicyVerdict::Denied(statement.name());
    }
    let unclear = of(Effect::Deny).find(|statement| steps(statement).all() == Truth::Unknown);
    if let Some(statement) = unclear {
        return PolicyVerdict::Unclear(format!(
            "{} may deny it ({})",
            statement.name(),
            conditions(statement)
        ));
    }
    let mut allowing = of(Effect::Allow).filter(|statement| steps(statement).all() == Truth::Yes);
    if let Some(first) = allowing.next() {
        let open = std::iter::once(first)
            .chain(allowing)
            .any(|s| is_open(s, sender));
        return PolicyVerdict::Allowed { open };
    }
    let unclear = of(Effect::Allow).find(|statement| steps(statement).all() == Truth::Unknown);
    if let Some(statement) = unclear {
        return PolicyVerdict::Unclear(format!(
            "{} allows it if {}",
            statement.name(),
            conditions(statement)
        ));
    }
    let nearest = of(Effect::Allow).max_by_key(|statement| steps(statement).depth());
    PolicyVerdict::NotAllowed(nearest.and_then(|nearest| {
        let lacks = match steps(nearest).depth() {
            0 => return None,
            1 => format!("allows {} only", nearest.actions.patterns.join(", ")),
            2 => format!("is about {}", nearest.resources.patterns.join(", ")),
            _ => format!("asks for {}", failing(nearest, sender)),
        };
        Some(format!("{} {lacks}", nearest.name()))
    }))
}

/// What the statements that let the sender in ask of this key, each value once.
pub fn asked<'p>(policy: &'p Policy, sender: &Sender, queue_arn: &str, key: &str) -> Vec<&'p str> {
    let allowing = policy.statements.iter().filter(|statement| {
        let all = Steps::of(statement, sender, queue_arn).all();
        statement.effect == Effect::Allow && all == Truth::Yes
    });
    let mut values: Vec<&str> = allowing
        .flat_map(|statement| statement.wanted(key))
        .collect();
    values.sort_unstable();
    values.dedup();
    values
}

/// Whether the statement lets sources of any account send, also for another source that nobody knows.
fn is_open(statement: &Statement, sender: &Sender) -> bool {
    let arn = match &sender.source {
        Source::Arn(arn) => {
            // Name, account and region that nobody has; an ARN of S3 has only a name.
            let known = if arn.contains(":s3:::") { 5 } else { 3 };
            let parts = arn.splitn(6, ':').enumerate();
            let parts = parts.map(|(i, part)| if i < known { part } else { NOBODY });
            parts.collect::<Vec<_>>().join(":")
        }
        Source::Begins(begin) => format!("{begin}{NOBODY}:{NOBODY}:rule/{NOBODY}"),
    };
    let stranger = Sender {
        service: sender.service.clone(),
        source: Source::Arn(arn),
        account: Some(NOBODY.to_owned()),
    };
    let conditions = statement.conditions.iter();
    conditions.fold(Truth::Yes, |all, c| all.and(holds(c, &stranger))) == Truth::Yes
}

fn conditions(statement: &Statement) -> String {
    let shown = statement.conditions.iter().map(|condition| {
        format!(
            "{} {} {}",
            condition.key,
            condition.operator,
            condition.values.join(" or ")
        )
    });
    shown.collect::<Vec<_>>().join(", and ")
}

/// The conditions that do not hold, with a hint where the operator knows no patterns.
fn failing(statement: &Statement, sender: &Sender) -> String {
    let failing = statement
        .conditions
        .iter()
        .filter(|c| holds(c, sender) == Truth::No);
    let shown = failing.map(|condition| {
        let operator = &condition.operator;
        let values = condition.values.join(" or ");
        let patterns = values.contains(['*', '?'])
            && operator.to_ascii_lowercase().starts_with("stringequals");
        let hint = match patterns {
            true => " (which knows no patterns: ArnLike does)",
            false => "",
        };
        format!("{} {operator} {values}{hint}", condition.key)
    });
    shown.collect::<Vec<_>>().join(", and ")
}
