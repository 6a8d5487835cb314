//! See the property tests.
