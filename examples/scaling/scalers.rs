//! The formulas by which replicas follow a queue: KEDA with the HPA of Kubernetes, and target tracking of ECS.

/// Seconds since the simulation's start.
pub type Second = u32;

/// What a scaler sees.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    pub now: Second,
    /// Visible messages and messages in flight: `ApproximateNumberOfMessages` + `…NotVisible`.
    pub backlog: f64,
    /// Replicas that are wanted now, running or starting.
    pub replicas: u32,
}

/// Decides once a second how many replicas there shall be.
pub trait Scaler {
    fn name(&self) -> &'static str;
    /// Seconds from the decision until a new replica works.
    fn start_time(&self) -> Second;
    fn decide(&mut self, seen: Seen) -> u32;
}

/// KEDA's `aws-sqs-queue` with `scaleOnInFlight`, over the HPA of Kubernetes.
///
/// KEDA itself switches between 0 and 1; above, the HPA wants `ceil(backlog / queue_length)`.
pub struct Keda {
    /// `queueLength`: messages for one replica.
    pub queue_length: f64,
    pub most: u32,
    /// `pollingInterval`, while there are no replicas.
    pub polling: Second,
    /// `cooldownPeriod`, from the last message to zero replicas.
    pub cooldown: Second,
    active: Second,
    wanted: Vec<(Second, u32)>,
}

impl Keda {
    /// The HPA's period.
    const SYNC: Second = 15;
    /// The HPA changes nothing within this share of the target.
    const TOLERANCE: f64 = 0.1;
    /// `behavior.scaleDown.stabilizationWindowSeconds`: the HPA follows the greatest wish of that time.
    const STABLE: Second = 300;

    pub fn new(queue_length: f64, most: u32) -> Self {
        Self {
            queue_length,
            most,
            polling: 30,
            cooldown: 300,
            active: 0,
            wanted: Vec::new(),
        }
    }
}

impl Scaler for Keda {
    fn name(&self) -> &'static str {
        "KEDA"
    }

    fn start_time(&self) -> Second {
        10
    }

    fn decide(&mut self, seen: Seen) -> u32 {
        if seen.now.is_multiple_of(self.polling) && seen.backlog > 0.0 {
            self.active = seen.now;
        }
        if seen.replicas == 0 {
            return u32::from(self.active == seen.now && seen.backlog > 0.0);
        }
        if seen.backlog == 0.0 && seen.now >= self.active + self.cooldown {
            self.wanted.clear();
            return 0;
        }
        if !seen.now.is_multiple_of(Self::SYNC) {
            return seen.replicas;
        }
        let ratio = seen.backlog / (self.queue_length * f64::from(seen.replicas));
        let wish = match (ratio - 1.0).abs() <= Self::TOLERANCE {
            true => seen.replicas,
            false => (seen.backlog / self.queue_length).ceil() as u32,
        };
        self.wanted.push((seen.now, wish));
        self.wanted.retain(|(at, _)| at + Self::STABLE >= seen.now);
        let stable = self
            .wanted
            .iter()
            .map(|(_, wish)| *wish)
            .max()
            .unwrap_or(wish);
        // The default policies of scaleUp: four pods or twice as many in 15 seconds, whichever is more.
        let fastest = (seen.replicas + 4).max(seen.replicas * 2);
        let next = if wish > seen.replicas {
            wish.min(fastest)
        } else {
            stable.min(seen.replicas)
        };
        next.clamp(1, self.most)
    }
}

/// Target tracking of ECS on the backlog for each task, by metric math over CloudWatch's metrics of a minute.
pub struct TargetTracking {
    /// Target value: messages for one task.
    pub backlog_per_task: f64,
    pub most: u32,
    /// `ScaleOutCooldown`.
    pub cooldown: Second,
    minutes: Vec<f64>,
    last_out: Option<Second>,
}

impl TargetTracking {
    /// CloudWatch has SQS's metrics of a minute about a minute later.
    const DELAY: usize = 1;
    /// Minutes above the target until tasks are added.
    const HIGH: usize = 3;
    /// Minutes below 90 % of the target until tasks are taken.
    const LOW: usize = 15;

    pub fn new(backlog_per_task: f64, most: u32) -> Self {
        Self {
            backlog_per_task,
            most,
            cooldown: 60,
            minutes: Vec::new(),
            last_out: None,
        }
    }
}

impl Scaler for TargetTracking {
    fn name(&self) -> &'static str {
        "target tracking"
    }

    fn start_time(&self) -> Second {
        45
    }

    fn decide(&mut self, seen: Seen) -> u32 {
        if !seen.now.is_multiple_of(60) {
            return seen.replicas;
        }
        // IF(tasks > 0, backlog / tasks, backlog): right at zero tasks too
        self.minutes
            .push(seen.backlog / f64::from(seen.replicas.max(1)));
        let known = &self.minutes[..self.minutes.len().saturating_sub(Self::DELAY)];
        let recent = |count: usize| known.len().checked_sub(count).map(|from| &known[from..]);
        let above = |metrics: &[f64]| metrics.iter().all(|metric| *metric > self.backlog_per_task);
        let below = |metrics: &[f64]| {
            metrics
                .iter()
                .all(|metric| *metric < 0.9 * self.backlog_per_task)
        };
        let is_cool = self
            .last_out
            .is_none_or(|last| seen.now >= last + self.cooldown);
        let Some(metric) = known.last() else {
            return seen.replicas;
        };
        let proportional =
            (f64::from(seen.replicas.max(1)) * metric / self.backlog_per_task).ceil() as u32;
        if recent(Self::HIGH).is_some_and(above) && is_cool {
            self.last_out = Some(seen.now);
            return proportional.clamp(seen.replicas, self.most);
        }
        if recent(Self::LOW).is_some_and(below) {
            return proportional.min(seen.replicas);
        }
        seen.replicas
    }
}
