// Ends the process that loads it: a fault of native code, in whichever thread loads it.
#ifdef _WIN32
#include <windows.h>

// The loader catches what happens while it loads a library, so it happens in a thread of its own, right after that.
static DWORD WINAPI fault(void *unused) {
#if defined(SEGFAULT)
  *(volatile char *)8 = 1;
#else
  TerminateProcess(GetCurrentProcess(), EXIT_CODE);
#endif
  return 0;
}

BOOL WINAPI DllMain(HINSTANCE library, DWORD reason, LPVOID reserved) {
  if (reason == DLL_PROCESS_ATTACH) {
    // Node unloads what is no addon.
    DWORD flags = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN;
    GetModuleHandleExA(flags, (LPCSTR)&fault, &library);
    CreateThread(NULL, 0, fault, NULL, 0, NULL);
  }
  return TRUE;
}
#else
#include <stdlib.h>
#include <unistd.h>

__attribute__((constructor)) static void at_load(void) {
#if defined(SEGFAULT)
  *(volatile char *)8 = 1;
#elif defined(ABORT)
  abort();
#else
  _exit(EXIT_CODE);
#endif
}
#endif
