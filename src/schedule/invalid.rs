//! The one shape of "this text is not a value": what is wrong, and what would be right.

use std::borrow::Cow;

/// Why a text is not a value. Displayed as `hours go from 0 to 23, for example 07:30`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}, for example {example}")]
pub struct Invalid {
    pub problem: String,
    pub example: Cow<'static, str>,
}

impl Invalid {
    pub fn new(problem: impl Into<String>, example: impl Into<Cow<'static, str>>) -> Self {
        Self {
            problem: problem.into(),
            example: example.into(),
        }
    }
}
