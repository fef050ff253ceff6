// SPDX-License-Identifier: Apache-2.0
// A function that is called before the call that it was handed to returns: two words, nothing copied,
// and a fraction of std::function's code.
#ifndef SHMFLAKE_CORE_FUNCTION_REF_H_
#define SHMFLAKE_CORE_FUNCTION_REF_H_

#include <type_traits>
#include <utility>

namespace shmflake {

template <typename Signature>
class FunctionRef;

template <typename Result, typename... Arguments>
class FunctionRef<Result(Arguments...)> {
 public:
  // Not of another FunctionRef: that is copied.
  template <typename Function,
            typename = std::enable_if_t<!std::is_same_v<std::decay_t<Function>, FunctionRef>>>
  FunctionRef(const Function& function) noexcept  // NOLINT(google-explicit-constructor)
      : function_(&function), call_([](const void* object, Arguments... arguments) -> Result {
          return (*static_cast<const Function*>(object))(std::forward<Arguments>(arguments)...);
        }) {}

  Result operator()(Arguments... arguments) const {
    return call_(function_, std::forward<Arguments>(arguments)...);
  }

 private:
  const void* function_;
  Result (*call_)(const void*, Arguments...);
};

}  // namespace shmflake

#endif  // SHMFLAKE_CORE_FUNCTION_REF_H_
