//! Faults on demand: what is to go wrong, with which request, and how often.

use serde::Deserialize;

/// One fault; it applies to the requests that fit, after `skip` of them, `times` times.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Fault {
    /// `GET`, `DELETE`, ...; any when absent.
    pub method: Option<String>,
    /// Part of the path; any when absent.
    pub path: Option<String>,
    /// All of it, and not a part.
    #[serde(default)]
    pub is_whole: bool,
    #[serde(default)]
    pub skip: u32,
    #[serde(default = "once")]
    pub times: u32,
    pub kind: Kind,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// An answer in place of Heroku's; nothing is applied.
    Status {
        status: u16,
        #[serde(default)]
        id: String,
        #[serde(default)]
        message: String,
        #[serde(default)]
        retry_after: Option<u64>,
    },
    /// An answer in place of Heroku's, although the request was applied.
    StatusAfter { status: u16 },
    /// A success with this in place of Heroku's answer; nothing is applied.
    Answer { body: serde_json::Value },
    /// The same with a text that need not be JSON.
    Text { body: String },
    /// Heroku's answer, with these headers in it.
    Headers {
        headers: std::collections::BTreeMap<String, String>,
    },
    /// The connection ends before anything is applied.
    ResetBefore,
    /// The connection ends after the request was applied, in place of the answer.
    ResetAfter,
    /// Nothing is applied and no answer comes.
    Hang,
    /// It is applied, and no answer comes.
    HangAfter,
    /// The answer is late.
    Delay { ms: u64 },
    /// It is applied, and the answer is not JSON.
    Garbage,
    /// It is applied, and the answer breaks off.
    Truncate,
}

fn once() -> u32 {
    1
}

impl Kind {
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Status { .. } => "status",
            Self::StatusAfter { .. } => "status-after",
            Self::Answer { .. } => "answer",
            Self::Text { .. } => "text",
            Self::Headers { .. } => "headers",
            Self::ResetBefore => "reset-before",
            Self::ResetAfter => "reset-after",
            Self::Hang => "hang",
            Self::HangAfter => "hang-after",
            Self::Delay { .. } => "delay",
            Self::Garbage => "garbage",
            Self::Truncate => "truncate",
        }
    }
}

/// The first fault that fits this request, counted down.
pub(super) fn take(faults: &mut Vec<Fault>, method: &str, path: &str) -> Option<Kind> {
    let fits = |fault: &Fault| {
        fault
            .method
            .as_deref()
            .is_none_or(|wanted| wanted == method)
            && fault
                .path
                .as_deref()
                .is_none_or(|part| path == part || !fault.is_whole && path.contains(part))
    };
    let place = faults.iter_mut().position(|fault| {
        let is_it = fits(fault) && fault.skip == 0;
        if fits(fault) && fault.skip > 0 {
            fault.skip -= 1;
        }
        is_it
    })?;
    let fault = &mut faults[place];
    let kind = fault.kind.clone();
    fault.times -= 1;
    if fault.times == 0 {
        faults.remove(place);
    }
    Some(kind)
}
