# Flags that hold for all of our own code: warnings as errors, hardening, sanitizers, a fast linker.
add_library(leakscope_flags INTERFACE)
target_compile_options(leakscope_flags INTERFACE
  -Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual -Wcast-qual
  -Wformat=2 -fno-omit-frame-pointer)
target_include_directories(leakscope_flags INTERFACE "${PROJECT_SOURCE_DIR}/src")

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 at -O2 and above reports false overlaps within std::string's operator+ (its bug 105329).
  target_compile_options(leakscope_flags INTERFACE -Wduplicated-cond -Wlogical-op -Wno-restrict)
endif()

if(LEAKSCOPE_SANITIZE)
  target_compile_options(leakscope_flags INTERFACE -fsanitize=${LEAKSCOPE_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(leakscope_flags INTERFACE -fsanitize=${LEAKSCOPE_SANITIZE})
  # g++ 12 reports false maybe-uninitialized inside libstdc++ when the sanitizers instrument it.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(leakscope_flags INTERFACE -Wno-maybe-uninitialized)
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
