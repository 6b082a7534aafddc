//! Questions to a person. Each ends with an answer, or with none: Ctrl-C (Esc where one of several is
//! chosen), or a signal meanwhile;
//! the terminal is left as it was in any case.

use super::{Ui, terminal::Kept};
use crate::{credentials::Secret, stop::Stop};
use console::{Term, measure_text_width};
use dialoguer::{Input, Password, Select};
use std::io::{self, BufRead as _, Read as _};

/// What a line answers; nothing where it is neither yes nor no.
fn meant(line: &str, default: bool) -> Option<bool> {
    match line.trim().to_ascii_lowercase().as_str() {
        "" => Some(default),
        "y" | "yes" => Some(true),
        "n" | "no" => Some(false),
        _ => None,
    }
}

impl Ui {
    /// A yes or a no; `None` also when there is nobody to ask.
    pub async fn ask(&self, question: &str, default: bool, stop: &Stop) -> Option<bool> {
        /// ` [y/n]`, and the answer.
        const ANSWER: usize = 12;
        let width = usize::from(Term::stderr().size().1);
        let question = if measure_text_width(question) + ANSWER > width {
            // A prompt that wraps is not found again when it is drawn anew.
            self.say(question.trim_end_matches('?'));
            "Do it?".to_owned()
        } else {
            question.to_owned()
        };
        self.put(Kept::with_keys, stop, move |term| {
            // A whole line: a key alone would answer with whatever was meant for a shell.
            let hint = if default { "[Y/n]" } else { "[y/N]" };
            let meant = |line: &str| meant(line, default);
            let prompt = Input::<String>::new()
                .with_prompt(format!("{question} {hint}"))
                .allow_empty(true)
                .validate_with(|line: &String| meant(line).map(drop).ok_or("yes or no?"));
            Ok(meant(&prompt.interact_on(&term)?))
        })
        .await
    }

    /// One of several, by its number.
    pub async fn choose(&self, question: &str, items: &[String], stop: &Stop) -> Option<usize> {
        let (question, items) = (question.to_owned(), items.to_vec());
        self.put(Kept::with_keys, stop, move |term| {
            let prompt = Select::new().with_prompt(question).items(&items).default(0);
            prompt.interact_on_opt(&term)
        })
        .await
    }

    /// From now on, and until the value goes, nothing that is typed is shown.
    #[must_use]
    pub fn quiet(&self) -> Option<Kept> {
        self.can_ask().then(Kept::quiet)
    }

    /// A text that is not shown. A key in it that is no character was none of it.
    pub async fn secret(&self, question: &str, stop: &Stop) -> Option<Secret> {
        loop {
            let typed = self.hidden(question, stop).await?;
            if !typed.expose().chars().any(char::is_control) {
                return Some(typed);
            }
            self.say("There was a key in it that is no character. Ctrl-C leaves");
        }
    }

    async fn hidden(&self, question: &str, stop: &Stop) -> Option<Secret> {
        let question = question.to_owned();
        // A line is waited for, not a key: Ctrl-C must be a signal to end it.
        self.put(Kept::for_secret, stop, move |term| {
            let typed = Password::new().with_prompt(question).interact_on(&term)?;
            Ok(Some(Secret::new(typed).trimmed()))
        })
        .await
    }

    /// The first line of stdin, from whatever is piped in.
    ///
    /// # Errors
    /// When it cannot be read, or is longer than anything that is asked for.
    pub async fn input(&self) -> io::Result<Secret> {
        const MOST: u64 = 16 * 1024;
        let (sender, line) = tokio::sync::oneshot::channel();
        // Whoever writes into the pipe may take his time: should we have to go, it stays behind.
        std::thread::spawn(move || {
            let mut text = String::new();
            let stdin = io::stdin().lock().take(MOST);
            let read = io::BufReader::new(stdin).read_line(&mut text);
            let is_whole = read.map(|length| (length as u64) < MOST);
            sender.send(is_whole.map(|is_whole| (is_whole, Secret::new(text))))
        });
        let (is_whole, line) = line.await.map_err(|_| io::ErrorKind::Other)??;
        is_whole
            .then_some(line)
            .ok_or(io::ErrorKind::InvalidData.into())
    }

    async fn put<T: Send + 'static>(
        &self,
        settings: fn() -> Kept,
        stop: &Stop,
        prompt: impl FnOnce(Term) -> dialoguer::Result<Option<T>> + Send + 'static,
    ) -> Option<T> {
        if !self.can_ask() || stop.is_set() {
            return None;
        }
        self.end_line();
        let _as_it_was = settings();
        let (sender, answer) = tokio::sync::oneshot::channel();
        // It waits for a key, which nothing can interrupt: should we have to go, it stays behind.
        // Buffered, the question and what hides the cursor are one write.
        std::thread::spawn(move || sender.send(prompt(Term::buffered_stderr())));
        let answer = tokio::select! {
            answer = answer => answer.ok().and_then(Result::ok),
            () = stop.set() => None,
        };
        if answer.is_none() {
            // Interrupted: what follows does not belong on the question's line.
            self.say("");
        }
        answer.flatten()
    }
}
