//! The asynchronous half: fetches what the solver wants, many at once, and hands the answers over.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, mpsc as blocking};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use slsa_pip_distribution::{CoreMetadata, PackageName};
use tokio::sync::mpsc;
use url::Url;

use crate::source::{CandidateFile, MAX_CONCURRENT, MAX_RULINGS_AT_ONCE, Ruling, Source, SourceError};
use crate::version_set::Index;

/// What the solver wants to know.
pub(crate) enum Want<F> {
    Page(PackageName),
    Metadata(PackageName, Index, F),
    /// A file that the user named, and its place among those of its project.
    Direct(PackageName, usize, Url),
    Ruling(PackageName, Index, F),
}

/// What it is told.
pub(crate) enum Answer<F> {
    Page(PackageName, Result<Arc<Vec<CandidateFile<F>>>, SourceError>),
    Metadata(PackageName, Index, Result<Arc<CoreMetadata>, SourceError>),
    Direct(PackageName, usize, Result<CandidateFile<F>, SourceError>),
    Ruling(PackageName, Index, Result<Ruling, SourceError>),
}

/// A wish, and whether the solver waits for it.
pub(crate) struct Wish<F> {
    pub(crate) want: Want<F>,
    pub(crate) urgent: bool,
}

/// What is fetched once.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Page(PackageName),
    Metadata(PackageName, Index),
    Direct(PackageName, usize),
    Ruling(PackageName, Index),
}

impl Key {
    fn of<F>(want: &Want<F>) -> Self {
        match want {
            Want::Page(name) => Self::Page(name.clone()),
            Want::Metadata(name, index, _) => Self::Metadata(name.clone(), *index),
            Want::Direct(name, place, _) => Self::Direct(name.clone(), *place),
            Want::Ruling(name, index, _) => Self::Ruling(name.clone(), *index),
        }
    }
}

/// Wishes of one kind that nobody serves yet.
struct Queue<F> {
    urgent: VecDeque<Want<F>>,
    ahead: VecDeque<Want<F>>,
}

impl<F> Queue<F> {
    fn new() -> Self {
        Self {
            urgent: VecDeque::new(),
            ahead: VecDeque::new(),
        }
    }

    fn push(&mut self, Wish { want, urgent }: Wish<F>) {
        if urgent {
            self.urgent.push_back(want);
        } else {
            self.ahead.push_back(want);
        }
    }

    fn pop(&mut self) -> Option<Want<F>> {
        self.urgent.pop_front().or_else(|| self.ahead.pop_front())
    }
}

/// Serves wishes until the solver hangs up. A wish that is repeated is fetched once; urgent ones go first.
pub(crate) async fn serve<S: Source>(
    source: &S,
    mut wishes: mpsc::UnboundedReceiver<Wish<S::File>>,
    answers: blocking::Sender<Answer<S::File>>,
) {
    // Rulings take many requests each: they must not keep pages and metadata waiting.
    let (mut waiting, mut rulings) = (Queue::new(), Queue::new());
    let mut started: HashSet<Key> = HashSet::new();
    let (mut running, mut ruling) = (FuturesUnordered::new(), FuturesUnordered::new());
    loop {
        while running.len() < MAX_CONCURRENT {
            let Some(want) = waiting.pop() else {
                break;
            };
            if started.insert(Key::of(&want)) {
                running.push(fetch(source, want));
            }
        }
        while ruling.len() < MAX_RULINGS_AT_ONCE {
            let Some(want) = rulings.pop() else {
                break;
            };
            if started.insert(Key::of(&want)) {
                ruling.push(fetch(source, want));
            }
        }
        tokio::select! {
            biased;
            wish = wishes.recv() => match wish {
                None => return,
                Some(wish @ Wish { want: Want::Ruling(..), .. }) => rulings.push(wish),
                Some(wish) => waiting.push(wish),
            },
            Some(answer) = running.next(), if !running.is_empty() => {
                if answers.send(answer).is_err() {
                    return;
                }
            }
            Some(answer) = ruling.next(), if !ruling.is_empty() => {
                if answers.send(answer).is_err() {
                    return;
                }
            }
        }
    }
}

async fn fetch<S: Source>(source: &S, want: Want<S::File>) -> Answer<S::File> {
    match want {
        Want::Page(name) => {
            let answer = source.files(&name).await;
            Answer::Page(name, answer)
        }
        Want::Metadata(name, index, file) => {
            let answer = source.metadata(&file).await;
            Answer::Metadata(name, index, answer)
        }
        Want::Direct(name, place, url) => {
            let answer = source.direct(&url).await;
            Answer::Direct(name, place, answer)
        }
        Want::Ruling(name, index, file) => {
            let answer = source.ruling(&file).await;
            Answer::Ruling(name, index, answer)
        }
    }
}
