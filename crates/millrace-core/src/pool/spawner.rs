//! The spawner thread: it takes on the affinity that a worker shall have, and starts it. Nothing else runs on it, so
//! its mask disturbs nobody.

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

use crossbeam::channel::{Receiver, Sender};

use super::Shared;
use super::waiter::{Arrival, Newcomer};
use crate::lifeline;
use crate::segment::{SEGMENT_BYTES, Segment, word};
use crate::sys::{Bell, Control, Launch, Pipe, SharedMemory, launch};

/// Starts the workers that are asked for, one after the other.
pub(super) struct Spawner {
    shared: Arc<Shared>,
    orders: Receiver<u32>,
    arrivals: Sender<Arrival>,
}

impl Spawner {
    pub(super) fn new(
        shared: Arc<Shared>,
        orders: Receiver<u32>,
        arrivals: Sender<Arrival>,
    ) -> Self {
        Self { shared, orders, arrivals }
    }

    /// Runs until the pool drops its end of the orders.
    pub(super) fn start(self) -> io::Result<JoinHandle<()>> {
        std::thread::Builder::new().name("millrace-spawn".to_owned()).spawn(move || {
            for worker in &self.orders {
                let arrival = Arrival { worker, newcomer: self.start_worker(worker) };
                if self.arrivals.send(arrival).is_err() {
                    return;
                }
                self.shared.wake.ring();
            }
        })
    }

    fn start_worker(&self, worker: u32) -> io::Result<Newcomer> {
        let config = &self.shared.config;
        let (memory, memory_fd) = SharedMemory::create(SEGMENT_BYTES)?;
        let segment = Segment::new(Arc::new(memory)).map_err(io::Error::other)?;
        segment.format();
        // The waiting thread sleeps whenever it is not reading this ring.
        segment.doorbell(word::PARENT_ASLEEP).arm();
        let (to_worker, to_parent, to_loop) = (Bell::new()?, Bell::new()?, Bell::new()?);
        let (control, theirs) = Control::pair()?;
        let mut greeting = worker.to_le_bytes().to_vec();
        greeting.extend_from_slice(&config.greeting);
        lifeline::greet(&control, &greeting, &memory_fd, &to_worker, [&to_parent, &to_loop])?;
        let (pipes, outputs) = if config.is_piped {
            let ((output, output_end), (error, error_end)) = (Pipe::new()?, Pipe::new()?);
            (Some([output, error]), Some(Arc::new([output_end, error_end])))
        } else {
            (None, None)
        };
        let order = Launch {
            program: config.program.clone(),
            args: config.args.clone(),
            env: config.env.clone(),
            cwd: config.cwd.clone(),
            quiet: config.is_quiet,
            outputs,
            cpus: config.cpus.get(worker as usize).cloned().unwrap_or_default(),
        };
        let child = launch(&order, theirs)?;
        Ok(Newcomer { child, control, segment, to_worker, to_parent, to_loop, pipes })
    }
}
