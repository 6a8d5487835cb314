//! Regions as `ArrayBuffer`s over the shared memory itself.
#![expect(unsafe_code, reason = "Node-API takes external memory by its address")]

use std::ffi::c_void;
use std::ptr::{self, NonNull};

use millrace_core::endpoint;
use millrace_core::region::{self, Mapped, Place, RegionError, RegionId};
use napi::bindgen_prelude::{ArrayBuffer, Env, FromNapiValue};
use napi::{Status, sys};
use napi_derive::napi;

use crate::error::to_napi;

/// The id for a new region, a random integer.
#[napi(catch_unwind)]
pub fn fresh_region_id() -> f64 {
    RegionId::random().0 as f64
}

/// Makes a region of `bytes`, with `content` at its front and zeros after it.
///
/// # Errors
///
/// If there is no memory for it, or the system refuses it.
#[napi(catch_unwind)]
pub fn create_region<'env>(
    env: &'env Env,
    id: f64,
    bytes: f64,
    content: Option<&[u8]>,
) -> napi::Result<ArrayBuffer<'env>> {
    show(env, region::create(to_id(id), to_size(bytes), content.unwrap_or_default()))
}

/// Maps a region of `bytes` that this process knows.
///
/// # Errors
///
/// If it knows no such region, or the system refuses it.
#[napi(catch_unwind)]
pub fn open_region(env: &Env, id: f64, bytes: f64) -> napi::Result<ArrayBuffer<'_>> {
    show(env, region::open(to_id(id), to_size(bytes)))
}

/// As `openRegion`, in a worker, which asks its parent for a region that it does not know.
///
/// # Errors
///
/// If the parent has let go of it, or the system refuses it.
#[napi(catch_unwind)]
pub fn fetch_region(env: &Env, id: f64, bytes: f64) -> napi::Result<ArrayBuffer<'_>> {
    show(env, endpoint::fetch_region(to_id(id), to_size(bytes)))
}

/// In a worker: passes a region to the parent. The next outcome has to count it.
///
/// # Errors
///
/// If this process has let go of it, or the system refuses it.
#[napi(catch_unwind)]
pub fn pass_region(id: f64) -> napi::Result<()> {
    endpoint::pass_region(to_id(id)).map_err(to_napi)
}

/// How many regions one outcome may count.
#[napi(catch_unwind)]
pub fn regions_per_outcome() -> f64 {
    endpoint::regions_per_outcome() as f64
}

/// Lets a region stay when its buffer is released, until `unpinRegion`.
#[napi(catch_unwind)]
pub fn pin_region(id: f64) {
    region::pin(to_id(id));
}

/// Undoes `pinRegion`.
#[napi(catch_unwind)]
pub fn unpin_region(id: f64) {
    region::unpin(to_id(id));
}

/// Detaches the buffer of a region and unmaps its memory.
///
/// # Errors
///
/// If the buffer cannot be detached. Then nothing is unmapped.
#[napi(catch_unwind)]
pub fn release_region(env: &Env, buffer: ArrayBuffer<'_>) -> napi::Result<()> {
    let start = buffer.as_ptr();
    let value = napi::JsValue::raw(&buffer);
    // SAFETY: the value is an ArrayBuffer of this environment.
    let status = unsafe { sys::napi_detach_arraybuffer(env.raw(), value) };
    check(status, "the memory cannot be released")?;
    // Nothing of JavaScript refers to it any more.
    region::unmap_at(start);
    Ok(())
}

/// The id that JavaScript has as a number. A number that is none is unknown.
#[expect(clippy::cast_sign_loss, reason = "a negative number becomes an id that nobody has")]
pub(crate) fn to_id(number: f64) -> RegionId {
    RegionId(number as u64)
}

#[expect(clippy::cast_sign_loss, reason = "the caller passes a length")]
fn to_size(number: f64) -> usize {
    number as usize
}

fn show(env: &Env, mapped: Result<Mapped, RegionError>) -> napi::Result<ArrayBuffer<'_>> {
    let mapped = mapped.map_err(to_napi)?;
    let Place { start, len } = mapped.place;
    let number = mapped.number as usize;
    let mut value = ptr::null_mut();
    // SAFETY: the memory stays mapped until `unmap` below, or until `release_region` has detached the buffer.
    let status = unsafe {
        sys::napi_create_external_arraybuffer(
            env.raw(),
            start.as_ptr().cast(),
            len,
            Some(on_collected),
            ptr::without_provenance_mut(number),
            &raw mut value,
        )
    };
    if let Err(error) = check(status, "this program allows no memory outside of its heap") {
        region::unmap(mapped);
        return Err(error);
    }
    // SAFETY: the value was just made in this environment.
    unsafe { ArrayBuffer::from_napi_value(env.raw(), value) }
}

/// The buffer is gone. `hint` is the number of its mapping, which may have ended before.
unsafe extern "C" fn on_collected(_env: sys::napi_env, data: *mut c_void, hint: *mut c_void) {
    let Some(start) = NonNull::new(data.cast::<u8>()) else { return };
    region::unmap(Mapped { place: Place { start, len: 0 }, number: hint.addr() as u64 });
}

fn check(status: sys::napi_status, what: &str) -> napi::Result<()> {
    if status == sys::Status::napi_ok {
        return Ok(());
    }
    Err(napi::Error::from_reason(format!("{what} ({})", Status::from(status))))
}
