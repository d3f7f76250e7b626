# Flags that hold for all of our own code: warnings as errors, hardening, sanitizers, a fast linker.
add_library(leakscope_flags INTERFACE)
target_compile_options(leakscope_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual -Wcast-qual
  -Wformat=2 -fno-omit-frame-pointer)
target_include_directories(leakscope_flags INTERFACE "${PROJECT_SOURCE_DIR}/src")

if(LEAKSCOPE_WERROR)
  target_compile_options(leakscope_flags INTERFACE -Werror)
endif()

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # When g++ 12 optimises or instruments libstdc++, -Wrestrict is wrong about std::string's operator+ (GCC bug 105651)
  # and -Wmaybe-uninitialized about members of temporaries.
  target_compile_options(leakscope_flags INTERFACE -Wduplicated-cond -Wlogical-op -Wno-restrict -Wno-maybe-uninitialized)
elseif(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # std::stable_sort of libstdc++ 12 uses std::get_temporary_buffer, which it calls deprecated itself.
  target_compile_options(leakscope_flags INTERFACE -Wno-deprecated-declarations)
endif()

if(LEAKSCOPE_SANITIZE)
  target_compile_options(leakscope_flags INTERFACE -fsanitize=${LEAKSCOPE_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(leakscope_flags INTERFACE -fsanitize=${LEAKSCOPE_SANITIZE})
  # These two of UBSan look at every access through a pointer: g++ takes more than twice as long for most files. A null
  # pointer is found by the trap it is; the fuzzers (clang, where they cost little) keep both.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND LEAKSCOPE_SANITIZE MATCHES "undefined")
    target_compile_options(leakscope_flags INTERFACE -fno-sanitize=null,alignment)
  endif()
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_options(leakscope_flags INTERFACE -D_FORTIFY_SOURCE=2 -fstack-protector-strong)
  target_link_options(leakscope_flags INTERFACE -Wl,-z,relro,-z,now)
endif()

find_program(LEAKSCOPE_LLD ld.lld)
if(LEAKSCOPE_LLD)
  target_link_options(leakscope_flags INTERFACE -fuse-ld=lld)
endif()

find_program(LEAKSCOPE_CCACHE ccache)
if(LEAKSCOPE_CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER "${LEAKSCOPE_CCACHE}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${LEAKSCOPE_CCACHE}")
endif()
