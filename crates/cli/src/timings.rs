//! How long the stages of a run have taken, for its report.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Serialize, Serializer};

/// A part of a run. Some go on side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Until the interpreter has answered.
    Interpreter,
    /// Choosing the files.
    Resolve,
    /// From the choice to the last verdict: downloads and searches side by side.
    Files,
    /// The time within `Files` that verdicts were made in.
    Verify,
    /// pip.
    HandOff,
    /// All.
    Total,
}

/// Times by stage, in the order in which they were added first.
#[derive(Debug)]
pub(crate) struct Timings {
    began: Instant,
    stages: Mutex<Vec<(Stage, Duration)>>,
}

impl Timings {
    /// From now on.
    pub(crate) fn start() -> Self {
        Self {
            began: Instant::now(),
            stages: Mutex::default(),
        }
    }

    /// Adds the time since `began` to a stage.
    pub(crate) fn add(&self, stage: Stage, began: Instant) {
        let time = began.elapsed();
        let mut stages = self.stages.lock().unwrap_or_else(PoisonError::into_inner);
        match stages.iter_mut().find(|(known, _)| *known == stage) {
            Some((_, sum)) => *sum += time,
            None => stages.push((stage, time)),
        }
    }

    /// All so far, and the time since the start.
    pub(crate) fn shown(&self) -> Shown {
        self.add(Stage::Total, self.began);
        Shown(self.stages.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

/// Times as they are shown: milliseconds by name.
#[derive(Debug)]
pub(crate) struct Shown(Vec<(Stage, Duration)>);

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(stage, time)| {
            let name = match stage {
                Stage::Interpreter => "interpreter",
                Stage::Resolve => "resolve",
                Stage::Files => "files",
                Stage::Verify => "verify",
                Stage::HandOff => "hand-off",
                Stage::Total => "total",
            };
            (name, time.as_millis())
        }))
    }
}
