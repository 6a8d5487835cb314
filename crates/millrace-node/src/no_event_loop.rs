//! For systems on which libuv does not watch descriptors: threads pass the notifications on.

pub(crate) mod event_loop {
    use std::sync::Arc;

    use millrace_core::endpoint::Bell;
    use napi::bindgen_prelude::{Env, Function};

    /// There is none that could be asked.
    #[derive(Debug, Clone, Copy)]
    pub(crate) enum EventLoop {}

    impl EventLoop {
        pub(crate) fn of(_env: &Env) -> Option<Self> {
            None
        }

        pub(crate) fn would_sleep(self) -> bool {
            match self {}
        }
    }

    pub(crate) fn listen(_env: &Env, _bell: &Arc<Bell>, _function: &Function<'_, (), ()>) -> bool {
        false
    }
}

pub(crate) mod loop_watcher {
    use std::sync::Arc;

    use millrace_core::Pool;
    use napi::bindgen_prelude::{Env, Function};

    /// There is none.
    #[derive(Debug)]
    pub(crate) enum WatcherHandle {}

    impl WatcherHandle {
        pub(crate) fn close(self) {
            match self {}
        }
    }

    pub(crate) fn watch(
        _env: &Env,
        _pool: &Arc<Pool>,
        _collect: &Function<'_, (), ()>,
    ) -> Option<WatcherHandle> {
        None
    }
}
