//! Breadth first through every state that a budget allows.
//!
//! Our own hundred lines and not `stateright`: it would bring a web server, a random source and some
//! forty packages for this loop, and it could not tell that a state was met before with more left of
//! the budget.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    time::{Duration, Instant},
};

use domain::audit::AuditKind;

use crate::{
    canon::{self, Name},
    desk::Service,
    roots::roots,
    scene::{Budget, Event, Scene},
    store::Defect,
    way_in,
};

/// All states met so far.
pub(crate) struct Explorer {
    service: Service,
    roots: Vec<(&'static str, Scene)>,
    /// The states, and with how much left of the budget each was met, a bit for each.
    met: HashMap<Name, u64>,
    at_rest: HashSet<Name>,
    pub(crate) tally: BTreeMap<&'static str, u64>,
    pub(crate) transitions: u64,
    pub(crate) spent: Duration,
}

impl Explorer {
    pub(crate) fn new(defect: Option<Defect>) -> Self {
        let none = Budget { requests: 0, waits: 0, faults: 0 };
        let roots = roots(&Service::new(None), none);
        let service = Service::new(defect);
        service.strengthen_hashes();
        Self {
            service,
            roots,
            met: HashMap::new(),
            at_rest: HashSet::new(),
            tally: BTreeMap::new(),
            transitions: 0,
            spent: Duration::ZERO,
        }
    }

    /// Different states, not counting what may still happen in them.
    pub(crate) fn states(&self) -> usize {
        self.met.len()
    }

    /// States that differ in what is stored or in what was shown.
    pub(crate) fn ways_in(&self) -> usize {
        self.at_rest.len()
    }

    pub(crate) fn roots(&self) -> usize {
        self.roots.len()
    }

    /// Everything that can happen within `budget`, from every root. The first broken rule ends it.
    pub(crate) fn explore(&mut self, budget: Budget) -> Result<(), String> {
        let began = Instant::now();
        let mut ahead = VecDeque::new();
        for (name, root) in &self.roots.clone() {
            let root = Scene { left: budget, ..root.clone() };
            self.meet(root, &mut ahead).map_err(|why| format!("{why}, at once in \"{name}\""))?;
        }
        while let Some(scene) = ahead.pop_front() {
            for event in scene.events() {
                let met = scene.after(event, &self.service).and_then(|next| match next {
                    None => Ok(()),
                    Some(next) => {
                        self.count(event, &next);
                        self.meet(next, &mut ahead)
                    }
                });
                met.map_err(|why| {
                    let (root, _) = self.roots[scene.root];
                    format!("{why}, from \"{root}\" by\n{}\n{event:?}", scene.story())
                })?;
            }
        }
        self.spent += began.elapsed();
        Ok(())
    }

    fn meet(&mut self, scene: Scene, ahead: &mut VecDeque<Scene>) -> Result<(), String> {
        let met = self.met.entry(canon::name(&scene)).or_default();
        if *met & at_least(scene.left) != 0 {
            return Ok(());
        }
        *met |= bit(scene.left);
        if self.at_rest.insert(canon::name_at_rest(&scene)) {
            way_in::check(&scene, &self.service)?;
        }
        ahead.push_back(scene);
        Ok(())
    }

    fn count(&mut self, event: Event, next: &Scene) {
        self.transitions += 1;
        for kind in &next.told {
            *self.tally.entry(AuditKind::as_str(*kind)).or_default() += 1;
        }
        let what = match event {
            Event::Begin(..) => "begun",
            Event::Call(_, None) => "called",
            Event::Call(_, Some(_)) => "troubled",
            Event::Drop(_) => "dropped",
            Event::Wait(_) => "waited",
        };
        *self.tally.entry(what).or_default() += 1;
    }
}

/// A budget among the 64 that are told apart.
fn bit(budget: Budget) -> u64 {
    assert!(
        budget.requests < 4 && budget.waits < 4 && budget.faults < 4,
        "a larger budget than was thought of"
    );
    1 << (budget.requests * 16 + budget.waits * 4 + budget.faults)
}

/// All budgets that allow whatever this one does: those with as many requests or more, and so on.
fn at_least(budget: Budget) -> u64 {
    const REQUESTS: [u64; 4] = [u64::MAX, !0xffff, !0xffff_ffff, !0xffff_ffff_ffff];
    const WAITS: [u64; 4] = [u64::MAX, 0xfff0_fff0_fff0_fff0, 0xff00_ff00_ff00_ff00, 0xf000_f000_f000_f000];
    const FAULTS: [u64; 4] = [u64::MAX, 0xeeee_eeee_eeee_eeee, 0xcccc_cccc_cccc_cccc, 0x8888_8888_8888_8888];
    let of = |kinds: [u64; 4], left: u8| kinds[usize::from(left)];
    of(REQUESTS, budget.requests) & of(WAITS, budget.waits) & of(FAULTS, budget.faults)
}
