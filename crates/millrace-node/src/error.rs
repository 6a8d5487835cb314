//! Errors of the core as JavaScript errors.

use std::error::Error;

/// The message of the error, followed by those of its causes.
pub(crate) fn to_napi(error: impl Error + 'static) -> napi::Error {
    napi::Error::from_reason(with_causes(&error))
}

fn with_causes(error: &dyn Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {}", with_causes(cause)),
        None => error.to_string(),
    }
}
