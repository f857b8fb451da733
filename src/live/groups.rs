//! The subscribers, grouped by what they see.

use std::collections::HashMap;
use std::sync::Arc;

use super::batch::{Batch, Joined};
use super::client::Client;
use super::counts::FeedCounts;
use super::deflate::{COMPRESSORS_MAX, ViewDeflater};
use super::event::{Laggard, Regrouping};
use super::subscriber::Subscriber;
use super::view::View;

/// Subscribers who get the same bytes.
pub(crate) struct ViewGroup {
    pub view: Arc<View>,
    pub members: Vec<Subscriber>,
    /// Made when there is something to compress, if its members take that and there are not too many others.
    deflater: Option<Box<ViewDeflater>>,
}

impl ViewGroup {
    /// The frames of a batch as its members get them; `compressors` are those that there are, of all groups.
    fn formed(&mut self, joined: Joined, compressors: &mut usize, counts: &FeedCounts) -> Joined {
        if !self.view.takes_deflated() || joined.frames.changes() == 0 {
            return joined;
        }
        if self.deflater.is_none() && *compressors < COMPRESSORS_MAX {
            *compressors += 1;
            self.deflater = Some(Box::default());
        }
        let Some(deflater) = &mut self.deflater else { return joined };
        let joined_after: Vec<u64> = self.members.iter().filter_map(Subscriber::joined_after).collect();
        deflater.deflate(&joined, &joined_after, counts)
    }
}

/// Everybody who follows the live feed. Only the broadcaster's thread knows them.
#[derive(Default)]
pub(crate) struct Groups {
    groups: Vec<ViewGroup>,
}

impl Groups {
    /// Their views; a batch has its frames in this order.
    pub fn views(&self) -> impl ExactSizeIterator<Item = &Arc<View>> {
        self.groups.iter().map(|group| &group.view)
    }

    /// Each group with what it gets of a batch.
    pub fn joined_mut(&mut self, batch: Batch, counts: &FeedCounts) -> impl Iterator<Item = (&mut ViewGroup, Joined)> {
        let joined = batch.finish(self.views());
        let mut compressors = self.groups.iter().filter(|group| group.deflater.is_some()).count();
        self.groups.iter_mut().zip(joined).map(move |(group, joined)| {
            let joined = group.formed(joined, &mut compressors, counts);
            (group, joined)
        })
    }

    pub fn each_mut(&mut self) -> impl ExactSizeIterator<Item = &mut ViewGroup> {
        self.groups.iter_mut()
    }

    pub fn members(&self) -> impl Iterator<Item = &Subscriber> {
        self.groups.iter().flat_map(|group| &group.members)
    }

    pub fn members_mut(&mut self) -> impl Iterator<Item = &mut Subscriber> {
        self.groups.iter_mut().flat_map(|group| &mut group.members)
    }

    /// How many subscribers there are.
    pub fn count(&self) -> usize {
        self.groups.iter().map(|group| group.members.len()).sum()
    }

    pub fn add(&mut self, view: Arc<View>, member: Subscriber) {
        match self.groups.iter_mut().find(|group| Arc::ptr_eq(&group.view, &view)) {
            Some(group) => group.members.push(member),
            None => self.groups.push(ViewGroup { view, members: vec![member], deflater: None }),
        }
    }

    /// Moves those who see something else from now on, each told so by `tell`.
    pub fn regroup(&mut self, regroupings: &[Regrouping], mut tell: impl FnMut(&mut Subscriber, &Arc<View>)) {
        let by_client: HashMap<*const Client, &Arc<View>> =
            regroupings.iter().map(|(client, view)| (Arc::as_ptr(client), view)).collect();
        let mut moved = Vec::new();
        for ViewGroup { view, members, .. } in &mut self.groups {
            let next = |member: &Subscriber| {
                by_client.get(&member.client_ptr()).filter(|next| !Arc::ptr_eq(next, view)).map(|next| Arc::clone(next))
            };
            if members.iter().any(|member| next(member).is_some()) {
                for member in std::mem::take(members) {
                    match next(&member) {
                        Some(next) => moved.push((next, member)),
                        None => members.push(member),
                    }
                }
            }
        }
        for (view, mut member) in moved {
            tell(&mut member, &view);
            self.add(view, member);
        }
        self.sweep();
    }

    /// Lets go of those who do not stay, and of views without subscribers.
    pub fn retain(&mut self, mut stays: impl FnMut(&mut Subscriber) -> bool) {
        for group in &mut self.groups {
            group.members.retain_mut(&mut stays);
        }
        self.sweep();
    }

    /// Takes those out who are behind.
    pub fn take_behind(&mut self) -> Vec<Laggard> {
        let mut laggards = Vec::new();
        for ViewGroup { view, members, .. } in &mut self.groups {
            let behind = members.extract_if(.., |member| member.is_behind);
            laggards.extend(behind.map(|member| member.into_laggard(Arc::clone(view))));
        }
        self.sweep();
        laggards
    }

    /// All of them, who are gone then.
    pub fn take(&mut self) -> impl Iterator<Item = Subscriber> {
        std::mem::take(&mut self.groups).into_iter().flat_map(|group| group.members)
    }

    fn sweep(&mut self) {
        self.groups.retain(|group| !group.members.is_empty());
    }
}
