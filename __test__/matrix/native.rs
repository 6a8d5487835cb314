//! Ends the process that loads it, before the loading returns: a fault of native code, in whichever thread loads it.

#[used]
#[unsafe(link_section = ".init_array")]
static AT_LOAD: extern "C" fn() = at_load;

#[cfg(fault = "segfault")]
extern "C" fn at_load() {
    let nowhere = std::hint::black_box(8_usize) as *mut u8;
    // SAFETY: none. No page is mapped there; the fault is what this library is for.
    unsafe { nowhere.write_volatile(1) }
}

#[cfg(fault = "abort")]
extern "C" fn at_load() {
    std::process::abort()
}

#[cfg(any(fault = "exit0", fault = "exit1"))]
extern "C" fn at_load() {
    unsafe extern "C" {
        fn _exit(code: i32) -> !;
    }
    // SAFETY: `_exit(2)` takes any code, and does not return.
    unsafe { _exit(if cfg!(fault = "exit0") { 0 } else { 1 }) }
}
