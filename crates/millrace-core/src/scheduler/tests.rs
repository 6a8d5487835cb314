//! Tests of the scheduler. [`world::World`] carries its effects out against model processes ([`process::Process`]) and
//! checks after every step, with a [`ledger::Ledger`], what a submitter is promised.

mod call_queue;
mod cancelling;
mod closing;
mod crash_loops;
mod dying;
mod exit_reasons;
mod fairness;
mod faulting;
mod ledger;
mod limits;
mod order;
mod process;
mod properties;
mod replacing;
mod resizing;
mod retiring;
mod retrying;
mod room;
mod setting_up;
mod splitting;
mod starting;
mod stealing;
mod urgent;
mod violations;
mod words;
mod world;
