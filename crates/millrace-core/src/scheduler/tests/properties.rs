//! Random orders of everything that can happen. [`World`] checks each step; at the end every task is settled.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::process::{Ending, Step};
use super::world::{World, flagged, limited, no_start, sigkill};
use crate::scheduler::{Chunk, ChunkFlags, ChunkSeq, Definition, DefinitionId, Settled, WorkerId};

const WORKERS: u32 = 3;
/// The most workers after a resize.
const WORKERS_MAX: u32 = 6;
const CALLS: usize = 4;
const DEFINITIONS: usize = 3;

#[derive(Debug, Clone)]
enum Op {
    Submit {
        call: usize,
        count: u32,
        flags: u32,
        only: Option<u32>,
        definition: usize,
        limit_ms: Option<u64>,
        retries: u32,
        is_batched: bool,
        lifespan: Option<u32>,
    },
    Start {
        worker_id: u32,
    },
    FailStart {
        worker_id: u32,
    },
    Work {
        worker_id: u32,
        steps: u32,
        is_error: bool,
        is_full: bool,
        elapsed_us: u32,
    },
    Flush {
        worker_id: u32,
    },
    Hear {
        worker_id: u32,
    },
    Die {
        worker_id: u32,
    },
    Cancel {
        call: usize,
        kill_after: Option<u64>,
    },
    Forget {
        definition: usize,
    },
    Tick {
        milliseconds: u64,
    },
    Recycle,
    Signal {
        worker_id: u32,
    },
    LeaveIdle,
    Resize {
        count: u32,
        rebound: Option<u32>,
    },
    Close,
    Terminate,
}

fn flags() -> impl Strategy<Value = u32> {
    let urgent = prop_oneof![4 => Just(0), 1 => Just(ChunkFlags::URGENT)];
    (0..4_u32, urgent).prop_map(|(low, urgent)| low | urgent)
}

fn submit() -> impl Strategy<Value = Op> {
    let only = prop_oneof![4 => Just(None), 1 => (0..WORKERS).prop_map(Some)];
    let lifespan = prop_oneof![4 => Just(None), 1 => (1..8_u32).prop_map(Some)];
    let limit = prop::option::weighted(0.3, 1..300_u64);
    let more = (limit, prop_oneof![2 => Just(0_u32), 1 => 1..3_u32]);
    (0..CALLS, 1..5_u32, flags(), only, 0..DEFINITIONS, more, any::<bool>(), lifespan).prop_map(
        |(call, count, flags, only, definition, (limit_ms, retries), is_batched, lifespan)| {
            Op::Submit {
                call,
                count,
                flags,
                only,
                definition,
                limit_ms,
                retries,
                is_batched,
                lifespan,
            }
        },
    )
}

fn op() -> impl Strategy<Value = Op> {
    let worker_id = || prop_oneof![3 => 0..WORKERS, 1 => WORKERS..WORKERS_MAX];
    let rebound = || prop::option::weighted(0.2, 0..WORKERS_MAX);
    let kill_after = prop_oneof![Just(None), Just(Some(0)), (1..200_u64).prop_map(Some)];
    let elapsed = prop_oneof![3 => 0..20_u32, 1 => 0..5_000_u32];
    let work =
        (worker_id(), 1..9_u32, prop::bool::weighted(0.15), prop::bool::weighted(0.05), elapsed);
    prop_oneof![
        30 => submit(),
        16 => worker_id().prop_map(|worker_id| Op::Start { worker_id }),
        1 => worker_id().prop_map(|worker_id| Op::FailStart { worker_id }),
        50 => work.prop_map(|(worker_id, steps, is_error, is_full, elapsed_us)| Op::Work { worker_id, steps, is_error, is_full, elapsed_us }),
        5 => worker_id().prop_map(|worker_id| Op::Flush { worker_id }),
        20 => worker_id().prop_map(|worker_id| Op::Hear { worker_id }),
        6 => worker_id().prop_map(|worker_id| Op::Die { worker_id }),
        6 => (0..CALLS, kill_after).prop_map(|(call, kill_after)| Op::Cancel { call, kill_after }),
        1 => Just(Op::Recycle),
        3 => worker_id().prop_map(|worker_id| Op::Signal { worker_id }),
        1 => Just(Op::LeaveIdle),
        2 => (1..=WORKERS_MAX, rebound()).prop_map(|(count, rebound)| Op::Resize { count, rebound }),
        2 => (0..DEFINITIONS).prop_map(|definition| Op::Forget { definition }),
        4 => prop_oneof![4 => 0..200_u64, 1 => 800..6_000_u64].prop_map(|milliseconds| Op::Tick { milliseconds }),
    ]
}

/// One for workers that live and have little to do: chunks are long, time passes while they run, and they are split.
fn calm_op() -> impl Strategy<Value = Op> {
    let worker_id = || 0..WORKERS;
    let work =
        (worker_id(), 1..9_u32, prop::bool::weighted(0.1), prop::bool::weighted(0.01), 0..20_u32);
    let long = (submit(), 5..30_u32).prop_map(|(mut op, tasks)| {
        if let Op::Submit { count, only, lifespan, .. } = &mut op {
            *count = tasks;
            *only = only.filter(|_| tasks % 2 == 0);
            *lifespan = lifespan.filter(|_| tasks % 4 == 0).map(|lifespan| lifespan * 10);
        }
        op
    });
    prop_oneof![
        4 => long,
        10 => worker_id().prop_map(|worker_id| Op::Start { worker_id }),
        40 => work.prop_map(|(worker_id, steps, is_error, is_full, elapsed_us)| Op::Work { worker_id, steps, is_error, is_full, elapsed_us }),
        5 => worker_id().prop_map(|worker_id| Op::Flush { worker_id }),
        10 => worker_id().prop_map(|worker_id| Op::Hear { worker_id }),
        30 => (4..9_u64).prop_map(|milliseconds| Op::Tick { milliseconds }),
        3 => op(),
    ]
}

/// A row of operations; in some, the pool is closed or terminated at some point.
fn ops() -> impl Strategy<Value = Vec<Op>> {
    let last =
        prop_oneof![2 => Just(None), 1 => Just(Some(Op::Close)), 1 => Just(Some(Op::Terminate))];
    (prop::collection::vec(op(), 1..160), last, any::<prop::sample::Index>()).prop_map(
        |(mut ops, last, at)| {
            let at = at.index(ops.len());
            ops.splice(at..at, last);
            ops
        },
    )
}

/// The world and the calls that are open in it.
struct Player {
    world: World,
    /// Number and next chunk of each call.
    calls: [(u32, u32); CALLS],
    definitions: [Arc<Definition>; DEFINITIONS],
}

impl Player {
    fn new() -> Self {
        Self {
            world: World::new(WORKERS),
            calls: [(1, 0), (2, 0), (3, 0), (4, 0)],
            definitions: [1, 2, 3]
                .map(|id| Arc::new(Definition::new(DefinitionId(id), Box::default()))),
        }
    }

    /// Does the operations, between which workers say what is not so.
    fn tell(&mut self, ops: &[(Op, Option<(u32, Settled)>)]) {
        self.world.ledger.has_liars = true;
        for (op, lie) in ops {
            self.play(op);
            if let Some((worker_id, settled)) = lie
                && let Some(process) = &mut self.world.processes[*worker_id as usize]
            {
                process.sent.push_back(*settled);
            }
        }
    }

    /// Submits the chunk of an [`Op::Submit`].
    fn submit(&mut self, op: &Op) {
        let Op::Submit {
            call,
            count,
            flags,
            only,
            definition,
            limit_ms,
            retries,
            is_batched,
            lifespan,
        } = *op
        else {
            return;
        };
        let world = &mut self.world;
        let (call_id, id) = &mut self.calls[call];
        let definition = Arc::clone(&self.definitions[definition]);
        let chunk = match limit_ms {
            Some(limit_ms) => limited(*call_id, *id, count, flags, limit_ms),
            None => flagged(*call_id, *id, count, flags),
        };
        let each = if retries > 0 { ChunkFlags::EACH } else { 0 };
        let flags = ChunkFlags(chunk.flags.0 | each);
        let only = only.map(WorkerId);
        world.enqueue(Chunk { flags, only, retries, lifespan, definition, ..chunk });
        *id += 1;
        if !is_batched {
            world.act();
        }
    }

    /// Does what of an operation is possible now.
    fn play(&mut self, op: &Op) {
        let world = &mut self.world;
        let exists = |world: &World, worker_id: u32| {
            world.processes.get(worker_id as usize).is_some_and(Option::is_some)
        };
        match *op {
            Op::Submit { .. } => self.submit(op),
            Op::Start { worker_id } if world.spawning.contains(&worker_id) => {
                world.spawn(worker_id);
            }
            Op::Start { worker_id }
                if exists(world, worker_id) && !world.process(worker_id).is_ready =>
            {
                world.ready(worker_id);
            }
            Op::FailStart { worker_id } if world.spawning.contains(&worker_id) => {
                world.die(worker_id, &no_start());
            }
            Op::Work { worker_id, steps, is_error, is_full, elapsed_us }
                if exists(world, worker_id) =>
            {
                for step in 0..steps {
                    let ending = Ending { is_error: is_error && step == 0, elapsed_us, is_full };
                    if world.step(worker_id, ending) == Step::Rest {
                        break;
                    }
                }
            }
            Op::Flush { worker_id } if exists(world, worker_id) => {
                world.process(worker_id).flush();
            }
            Op::Hear { worker_id } if exists(world, worker_id) => world.deliver(worker_id),
            Op::Die { worker_id } if exists(world, worker_id) => world.die(worker_id, &sigkill()),
            Op::Cancel { call, kill_after } => {
                world.cancel_by(self.calls[call].0, kill_after);
                self.calls[call] = (self.calls[call].0 + CALLS as u32, 0);
            }
            Op::Forget { definition } => {
                let place = &mut self.definitions[definition];
                let next = Arc::new(Definition::new(
                    DefinitionId(place.id.0 + DEFINITIONS as u32),
                    Box::default(),
                ));
                let dropped = std::mem::replace(place, next);
                world.forget(&dropped);
            }
            Op::Recycle => drop(world.recycle()),
            Op::Signal { worker_id }
                if exists(world, worker_id) && world.process(worker_id).is_ready =>
            {
                world.want_to_leave(worker_id);
            }
            Op::LeaveIdle => drop(world.leave_idle()),
            Op::Resize { count, rebound } if !world.is_closed => {
                world.resize(count, rebound.as_slice());
            }
            Op::Tick { milliseconds } => world.tick(milliseconds),
            Op::Close => world.close(),
            Op::Terminate => world.terminate(),
            _ => {}
        }
    }
}

/// An outcome that may be anything, and often is nearly right.
fn outcome() -> impl Strategy<Value = Settled> {
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), prop::bool::weighted(0.2));
    (1..8_u32, 0..5_u32, 0..5_u32, flags).prop_map(
        |(seq, first, count, (is_error, is_last, is_dropped, is_retiring))| Settled {
            seq: ChunkSeq(seq),
            first,
            count,
            is_error,
            is_last,
            is_dropped,
            is_retiring,
            is_setup_failure: false,
            elapsed_us: 1,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn every_task_settles_once_and_begins_at_most_once(
        ops in ops(),
        is_near_wrap: bool,
        idle_ms in prop::option::weighted(0.3, 0..300_u64),
    ) {
        let mut player = Player::new();
        player.world.scheduler.workers.set_idle_timeout(idle_ms.map(Duration::from_millis));
        player.world.numbers_from = if is_near_wrap { u32::MAX - 5 } else { 0 };
        for op in &ops {
            player.play(op);
        }
        player.world.end();
    }

    #[test]
    fn every_task_of_a_split_chunk_settles_once_and_begins_at_most_once(
        ops in prop::collection::vec(calm_op(), 1..160),
    ) {
        let mut player = Player { world: World::started(WORKERS, None), ..Player::new() };
        for op in &ops {
            player.play(op);
        }
        player.world.end();
    }

    #[test]
    fn what_misbehaving_workers_say_of_split_chunks_cannot_leave_a_task_open_or_settle_it_twice(
        ops in prop::collection::vec((calm_op(), prop::option::weighted(0.05, (0..WORKERS, outcome()))), 1..120),
    ) {
        let mut player = Player { world: World::started(WORKERS, None), ..Player::new() };
        player.tell(&ops);
        player.world.end();
    }

    #[test]
    fn what_workers_say_cannot_leave_a_task_open_or_settle_it_twice(
        ops in prop::collection::vec((op(), prop::option::weighted(0.2, (0..WORKERS, outcome()))), 1..120),
    ) {
        let mut player = Player::new();
        player.tell(&ops);
        player.world.end();
    }
}
