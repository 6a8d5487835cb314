//! Starting a process.
#![expect(unsafe_code, reason = "calls CreateProcess, and fills what it takes")]

use std::ffi::c_void;
use std::io;
use std::path::Path;
use std::ptr;

use windows_sys::Win32::Foundation::{GENERIC_READ, GENERIC_WRITE, HANDLE, INVALID_HANDLE_VALUE};
use windows_sys::Win32::Storage::FileSystem::{
    CreateFileW, FILE_SHARE_READ, FILE_SHARE_WRITE, OPEN_EXISTING,
};
use windows_sys::Win32::System::Console::{
    GetConsoleCP, GetStdHandle, STD_ERROR_HANDLE, STD_HANDLE, STD_OUTPUT_HANDLE,
};
use windows_sys::Win32::System::SystemInformation::GROUP_AFFINITY;
use windows_sys::Win32::System::Threading::{
    CREATE_NEW_PROCESS_GROUP, CREATE_NO_WINDOW, CREATE_SUSPENDED, CREATE_UNICODE_ENVIRONMENT,
    CreateProcessW, DeleteProcThreadAttributeList, EXTENDED_STARTUPINFO_PRESENT,
    InitializeProcThreadAttributeList, PROC_THREAD_ATTRIBUTE_GROUP_AFFINITY,
    PROC_THREAD_ATTRIBUTE_HANDLE_LIST, PROC_THREAD_ATTRIBUTE_JOB_LIST, PROCESS_INFORMATION,
    ResumeThread, STARTF_USESTDHANDLES, STARTUPINFOEXW, UpdateProcThreadAttribute,
};

use super::affinity;
use super::child::Child;
use super::command_line::{command_line, environment_block, find_program, text_of, wide};
use super::control::Control;
use super::family::Family;
use super::handle::{OwnedFd, check, inheritable, new_object, raw};
use super::job::Job;
use super::startup;
use crate::sys::types::Launch;

/// Starts a process: in the job of `family` and one of its own in that, in a process group of its own, `NUL` as standard input, `control` where
/// [`Control::inherited`] finds it, and bound to `launch.cpus` with every thread it will ever have. When this process ends,
/// the system ends the job.
///
/// The process runs nothing before it is in its job, is bound, and has its handles.
///
/// # Errors
/// `NotFound` and others for a program or directory that cannot be used, which the message names; `Unsupported` for CPUs of
/// several processor groups; else what the system reports.
pub fn launch(launch: &Launch, control: Control, family: &Family) -> io::Result<Child> {
    let cwd = launch.cwd.as_deref().map(text_of);
    let program = text_of(&launch.program);
    let path = find_program(&program, cwd.as_deref().map(Path::new))?;
    let affinity = affinity::group_affinity(&launch.cpus)?;
    let job = Job::new()?;
    // From here to the start other code of this process may start another process, which inherits them. So their time is short.
    let section = inheritable(raw(control.section()?))?;
    let [input, output, error] = streams(launch)?;
    let inherited = [&section, &input, &output, &error].map(raw);
    // The outer one comes first.
    let jobs = [raw(&family.0), raw(&job)];
    let of_group = affinity.as_ref().filter(|_| affinity::has_groups());
    let attributes = Attributes::new(&inherited, &jobs, of_group)?;
    let mut passed = startup::bytes_of(raw(&section) as u64);

    let mut startup = STARTUPINFOEXW::default();
    startup.StartupInfo.cb = size_of_val(&startup) as u32;
    startup.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
    startup.StartupInfo.hStdInput = raw(&input);
    startup.StartupInfo.hStdOutput = raw(&output);
    startup.StartupInfo.hStdError = raw(&error);
    startup.StartupInfo.cbReserved2 = passed.len() as u16;
    startup.StartupInfo.lpReserved2 = passed.as_mut_ptr();
    startup.lpAttributeList = attributes.as_ptr();

    let wide_path = wide(&path.to_string_lossy());
    let mut line = wide(&command_line(&launch.args));
    let block = environment_block(&launch.env);
    let wide_cwd = cwd.as_deref().map(wide);
    let mut made = PROCESS_INFORMATION::default();
    let flags = CREATE_SUSPENDED
        | CREATE_UNICODE_ENVIRONMENT
        | EXTENDED_STARTUPINFO_PRESENT
        | CREATE_NEW_PROCESS_GROUP
        | window_flag();
    // SAFETY: every pointer is to something that lives until the call returns; the strings end in NUL, the block in two. The call
    // may write to `line` and writes to `made`.
    let answer = check(unsafe {
        CreateProcessW(
            wide_path.as_ptr(),
            line.as_mut_ptr(),
            ptr::null(),
            ptr::null(),
            1,
            flags,
            block.as_ptr().cast(),
            wide_cwd.as_ref().map_or(ptr::null(), |cwd| cwd.as_ptr()),
            (&raw const startup).cast(),
            &raw mut made,
        )
    });
    drop([section, input, output, error]);
    answer.map_err(|error| explain(cwd.as_deref(), &program, &error))?;
    let process = new_object(made.hProcess)?;
    let thread = new_object(made.hThread)?;
    let child = Child::new(process, job, made.dwProcessId);
    let started = child.prepare(family, affinity.as_ref(), control).and_then(|()| resume(&thread));
    // Its job kills it only if it is in there.
    started.inspect_err(|_| child.kill_alone()).map(|()| child)
}

/// Lets a process run.
fn resume(thread: &OwnedFd) -> io::Result<()> {
    // SAFETY: the handle is open.
    match unsafe { ResumeThread(raw(thread)) } {
        u32::MAX => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// A process without a console would get a window for its workers.
fn window_flag() -> u32 {
    // SAFETY: it takes nothing. It returns 0 without a console.
    if unsafe { GetConsoleCP() } == 0 { CREATE_NO_WINDOW } else { 0 }
}

/// Standard input, output and error of the new process.
fn streams(launch: &Launch) -> io::Result<[OwnedFd; 3]> {
    let own = |which| own_stream(which).map_or_else(|| nowhere(GENERIC_WRITE), Ok);
    let (output, error) = match launch.outputs.as_deref() {
        Some([output, error]) => (inheritable(raw(output))?, inheritable(raw(error))?),
        None if launch.quiet => (nowhere(GENERIC_WRITE)?, nowhere(GENERIC_WRITE)?),
        None => (own(STD_OUTPUT_HANDLE)?, own(STD_ERROR_HANDLE)?),
    };
    Ok([nowhere(GENERIC_READ)?, output, error])
}

/// That of this process, if it has one.
fn own_stream(which: STD_HANDLE) -> Option<OwnedFd> {
    // SAFETY: takes any number.
    let handle = unsafe { GetStdHandle(which) };
    // The invalid handle stands for this process elsewhere: a copy of it would give the worker all power over its parent.
    let is_none = handle.is_null() || handle == INVALID_HANDLE_VALUE;
    if is_none { None } else { inheritable(handle).ok() }
}

/// The device that has nothing and takes everything.
fn nowhere(access: u32) -> io::Result<OwnedFd> {
    let (name, share) = (wide("NUL"), FILE_SHARE_READ | FILE_SHARE_WRITE);
    // SAFETY: `name` ends in NUL and lives until the call returns; null stands for no attributes and no template.
    let handle = new_object(unsafe {
        CreateFileW(name.as_ptr(), access, share, ptr::null(), OPEN_EXISTING, 0, ptr::null_mut())
    })?;
    inheritable(raw(&handle))
}

/// The system does not say which of two paths it means.
fn explain(cwd: Option<&str>, program: &str, error: &io::Error) -> io::Error {
    let name = cwd.filter(|cwd| !Path::new(cwd).is_dir()).unwrap_or(program);
    io::Error::new(error.kind(), format!("{name}: {error}"))
}

impl Child {
    fn prepare(
        &self,
        family: &Family,
        affinity: Option<&GROUP_AFFINITY>,
        control: Control,
    ) -> io::Result<()> {
        family.0.take_in(self)?;
        self.job.take_in(self)?;
        if let Some(affinity) = affinity {
            affinity::bind(self, affinity)?;
        }
        control.hand_over(self)
    }
}

/// The list of attributes of a start.
struct Attributes<'a> {
    memory: Vec<u64>,
    /// The system reads them at the start.
    _inherited: &'a [HANDLE],
    _jobs: &'a [HANDLE],
    _group: Option<&'a GROUP_AFFINITY>,
}

impl<'a> Attributes<'a> {
    fn new(
        inherited: &'a [HANDLE],
        jobs: &'a [HANDLE],
        group: Option<&'a GROUP_AFFINITY>,
    ) -> io::Result<Self> {
        let mut bytes = 0;
        // SAFETY: null asks for the size, which it writes to `bytes`. It fails therefore.
        unsafe { InitializeProcThreadAttributeList(ptr::null_mut(), 3, 0, &raw mut bytes) };
        let mut memory = vec![0; bytes.div_ceil(size_of::<u64>())];
        // SAFETY: `memory` has as many bytes as `bytes` says.
        check(unsafe {
            InitializeProcThreadAttributeList(memory.as_mut_ptr().cast(), 3, 0, &raw mut bytes)
        })?;
        let list = Self { memory, _inherited: inherited, _jobs: jobs, _group: group };
        list.set(
            PROC_THREAD_ATTRIBUTE_HANDLE_LIST,
            inherited.as_ptr().cast(),
            size_of_val(inherited),
        )?;
        list.set(PROC_THREAD_ATTRIBUTE_JOB_LIST, jobs.as_ptr().cast(), size_of_val(jobs))?;
        if let Some(group) = group {
            let size = size_of_val(group);
            list.set(PROC_THREAD_ATTRIBUTE_GROUP_AFFINITY, ptr::from_ref(group).cast(), size)?;
        }
        Ok(list)
    }

    fn set(&self, attribute: u32, value: *const c_void, bytes: usize) -> io::Result<()> {
        let attribute = attribute as usize;
        // SAFETY: the list is initialised and has room. `value` has so many bytes, and lives as long as the list.
        check(unsafe {
            UpdateProcThreadAttribute(
                self.as_ptr(),
                0,
                attribute,
                value,
                bytes,
                ptr::null_mut(),
                ptr::null(),
            )
        })
    }

    fn as_ptr(&self) -> *mut c_void {
        self.memory.as_ptr().cast_mut().cast()
    }
}

impl Drop for Attributes<'_> {
    fn drop(&mut self) {
        // SAFETY: it was initialised, and is deleted once.
        unsafe { DeleteProcThreadAttributeList(self.memory.as_mut_ptr().cast()) };
    }
}
