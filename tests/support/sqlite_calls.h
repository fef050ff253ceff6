// SPDX-License-Identifier: Apache-2.0
// Stands between SQLite and the system calls that change files, to kill the process at one, or to
// note them. For a child process: it stays installed.
#ifndef SHMFLAKE_TESTS_SUPPORT_SQLITE_CALLS_H_
#define SHMFLAKE_TESTS_SUPPORT_SQLITE_CALLS_H_

#include <signal.h>
#include <sqlite3.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstdarg>
#include <cstddef>
#include <string>
#include <vector>

namespace shmflake::test {
namespace sqlite_calls {

inline int g_calls_left = 0;  // to live; 0: for ever
inline std::vector<std::string>* g_names = nullptr;

// True when the process is to die in this call.
inline bool Reach(const char* name) {
  if (g_names != nullptr) g_names->push_back(name);
  return g_calls_left > 0 && --g_calls_left == 0;
}
inline void Die() { ::kill(::getpid(), SIGKILL); }

// The original of a call, by its name. Each wrapper dies before it, or in the middle of a write.
template <typename Function>
struct Call {
  static inline Function original = nullptr;
};

inline sqlite3_vfs* UnixVfs() { return sqlite3_vfs_find("unix"); }

using Open = int (*)(const char*, int, int);
using Close = int (*)(int);
using Pwrite = ssize_t (*)(int, const void*, std::size_t, off_t);
using Unlink = int (*)(const char*);
using OpenDirectory = int (*)(const char*, int*);
using Fcntl = int (*)(int, int, ...);

inline int OpenHook(const char* path, int flags, int mode) {
  if (Reach("open")) Die();
  return Call<Open>::original(path, flags, mode);
}
inline int CloseHook(int fd) {
  if (Reach("close")) Die();
  return Call<Close>::original(fd);
}
inline ssize_t PwriteHook(int fd, const void* bytes, std::size_t size, off_t offset) {
  if (Reach("pwrite")) {
    (void)Call<Pwrite>::original(fd, bytes, size / 2, offset);  // torn
    Die();
  }
  return Call<Pwrite>::original(fd, bytes, size, offset);
}
inline int UnlinkHook(const char* path) {
  if (Reach("unlink")) Die();
  return Call<Unlink>::original(path);
}
inline int OpenDirectoryHook(const char* path, int* fd) {
  if (Reach("openDirectory")) Die();
  return Call<OpenDirectory>::original(path, fd);
}
// SQLite passes a pointer, or a number that fits one.
inline int FcntlHook(int fd, int command, ...) {
  va_list arguments;
  va_start(arguments, command);
  void* const argument = va_arg(arguments, void*);
  va_end(arguments);
  if (Reach("fcntl")) Die();
  return Call<Fcntl>::original(fd, command, argument);
}

template <typename Function>
void Install(const char* name, Function hook) {
  sqlite3_vfs* vfs = UnixVfs();
  const sqlite3_syscall_ptr original = vfs->xGetSystemCall(vfs, name);
  if (original == nullptr) return;  // this build does not use it
  Call<Function>::original = reinterpret_cast<Function>(original);
  vfs->xSetSystemCall(vfs, name, reinterpret_cast<sqlite3_syscall_ptr>(hook));
}

inline void InstallAll() {
  Install<Open>("open", OpenHook);
  Install<Close>("close", CloseHook);
  Install<Pwrite>("pwrite", PwriteHook);
  Install<Pwrite>("pwrite64", PwriteHook);
  Install<Unlink>("unlink", UnlinkHook);
  Install<OpenDirectory>("openDirectory", OpenDirectoryHook);
  Install<Fcntl>("fcntl", FcntlHook);
}

}  // namespace sqlite_calls

// The process kills itself at SQLite's n-th call from now, n >= 1.
inline void DieAtSqliteCall(int n) {
  sqlite_calls::g_calls_left = n;
  sqlite_calls::InstallAll();
}

inline void RecordSqliteCalls(std::vector<std::string>* names) {
  sqlite_calls::g_names = names;
  sqlite_calls::InstallAll();
}

}  // namespace shmflake::test

#endif  // SHMFLAKE_TESTS_SUPPORT_SQLITE_CALLS_H_
