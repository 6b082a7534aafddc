//! `demo`: not yet.
use super::Context;
use crate::{cli::Demo, error::{Error, exit}};

pub(super) async fn demo(_context: &Context<'_>, _demo: &Demo) -> Result<u8, Error> {
    Ok(exit::DONE)
}
