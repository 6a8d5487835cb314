//! Errors of the core as JavaScript errors.

use std::error::Error;

/// The error's message with those of its causes.
pub(crate) fn to_napi(error: impl Error + 'static) -> napi::Error {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    napi::Error::from_reason(text)
}
