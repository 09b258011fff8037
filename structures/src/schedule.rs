//! Points between two steps, at which a test has something happen in between.
//!
//! Loom tries every way in which threads take turns, but neither Python nor a fork takes part in a model. So the windows in which
//! they matter have a point: a test stops a thread there and forks, or runs Python code there. Points are compiled with
//! `--cfg interbind_schedule` alone; in every other build they are nothing.

/// What is called at each point with its name.
pub type Hook = fn(point: &'static str);

#[cfg(interbind_schedule)]
static HOOK: std::sync::RwLock<Option<Hook>> = std::sync::RwLock::new(None);

/// Sets what is called at each point; false in a build that has no points.
#[cfg(interbind_schedule)]
pub fn set(hook: Hook) -> bool {
    *HOOK.write().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(hook);
    true
}

/// Sets what is called at each point; false in a build that has no points.
#[cfg(not(interbind_schedule))]
pub fn set(_hook: Hook) -> bool {
    false
}

/// A point between two steps.
#[cfg(interbind_schedule)]
#[inline(never)]
pub fn point(name: &'static str) {
    // Copied out: the lock isn't held while a thread stops here.
    let hook = *HOOK.read().unwrap_or_else(|poisoned| poisoned.into_inner());
    if let Some(hook) = hook {
        hook(name);
    }
}

/// A point between two steps.
#[cfg(not(interbind_schedule))]
#[inline(always)]
pub fn point(_name: &'static str) {}
