//! Whose schedules are, written down for many apps at once: a thousand rolls that begin together do not
//! write their file a thousand times.

use super::Pass;
use crate::{schedule, schedule::Schedule, store};
use jiff::SignedDuration;
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

type Known = (Schedule, schedule::App);
type Written = Result<Vec<bool>, Rc<store::Error>>;

/// What waits to be written, and what became of it.
#[derive(Debug, Default)]
pub struct Identities {
    /// How many apps the pass is over.
    pub(super) apps: Cell<usize>,
    waiting: RefCell<Vec<(usize, Vec<Known>)>>,
    done: RefCell<Vec<(usize, Written)>>,
}

/// How long one waits for others.
const A_MOMENT: SignedDuration = SignedDuration::from_millis(200);

impl Identities {
    fn take(&self, ticket: usize) -> Option<Written> {
        let mut done = self.done.borrow_mut();
        let place = done.iter().position(|(one, _)| *one == ticket)?;
        Some(done.remove(place).1)
    }

    /// Writes these down, with those of others who come meanwhile; tells of each whether it was written.
    pub(super) async fn write(&self, pass: &Pass<'_>, known: &[Known]) -> Written {
        let ticket = known.as_ptr() as usize;
        self.waiting.borrow_mut().push((ticket, known.to_vec()));
        if self.apps.get() > 1 {
            pass.tools.clock.sleep(A_MOMENT).await;
        }
        let all = self.waiting.take();
        if !all.is_empty() {
            let flat: Vec<Known> = all.iter().flat_map(|(_, known)| known.clone()).collect();
            let written = pass.store.identify(&pass.tools.clock, &flat).await;
            let written = written.map_err(Rc::new);
            let mut place = 0;
            for (ticket, known) in all {
                let of_it = match &written {
                    Ok(written) => Ok(written[place..place + known.len()].to_vec()),
                    Err(error) => Err(Rc::clone(error)),
                };
                place += known.len();
                self.done.borrow_mut().push((ticket, of_it));
            }
        }
        // Whoever took ours along may still be writing.
        loop {
            if let Some(written) = self.take(ticket) {
                return written;
            }
            pass.tools.clock.sleep(A_MOMENT).await;
        }
    }
}
