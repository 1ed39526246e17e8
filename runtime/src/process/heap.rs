//! The heap of this program, and how it gives memory back.

/// An event is some thirty pieces of memory, a few of them of kilobytes, which the C library's heap is slow with.
#[cfg(feature = "jemalloc")]
#[global_allocator]
static HEAP: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// What jemalloc reads when it starts. One arena: each keeps free memory of its own, and mostly one thread works here. What
/// is free goes back to the system within a second. A thread looks through what it keeps for itself after each megabyte, and
/// not after each few events.
// SAFETY: nobody else has a symbol of this name; jemalloc takes it as a pointer to a text that ends with a zero, which it is.
#[cfg(feature = "jemalloc")]
#[unsafe(export_name = "_rjem_malloc_conf")]
static CONF: &[u8; 76] = b"narenas:1,dirty_decay_ms:1000,muzzy_decay_ms:0,tcache_gc_incr_bytes:1048576\0";

/// Gives the system back what a passing need left free, such as the reading of a configuration.
pub(crate) fn trim_memory() {
    // SAFETY: the name ends with a zero and means all arenas; no value goes either way.
    #[cfg(feature = "jemalloc")]
    unsafe {
        let name = c"arena.4096.purge";
        let none = std::ptr::null_mut();
        tikv_jemalloc_sys::mallctl(name.as_ptr(), none, std::ptr::null_mut(), std::ptr::null_mut(), 0);
    }
    // SAFETY: an integer only; it touches nothing that is in use.
    #[cfg(all(not(feature = "jemalloc"), target_env = "gnu"))]
    unsafe {
        libc::malloc_trim(0);
    }
}
