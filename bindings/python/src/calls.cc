// SPDX-License-Identifier: Apache-2.0
#include "calls.h"

namespace shmflake_python {
namespace {

thread_local const CallOfThread* t_innermost = nullptr;

}  // namespace

CallOfThread::CallOfThread(Calls* calls) : calls_(calls), outer_(t_innermost) {
  t_innermost = this;
}

CallOfThread::~CallOfThread() { t_innermost = outer_; }

void CallOfThread::AfterForkInChild() {
  for (const CallOfThread* call = t_innermost; call != nullptr; call = call->outer_) {
    call->calls_->Forget();
  }
  for (const CallOfThread* call = t_innermost; call != nullptr; call = call->outer_) {
    ++call->calls_->count;
  }
}

}  // namespace shmflake_python
