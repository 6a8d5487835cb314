//! Measurements of `millrace-core`, in `benches/`. `npm run bench:scheduler` runs them.
