# leakscope_bpf_skeleton(MODULE program.bpf.c...)
#
# Compiles BPF programs and gives MODULE their skeletons as <program.skel.h>. Three steps, all at build time:
#   clang -target bpf   the program, with -g because CO-RE relocations live in its BTF,
#   bpftool gen object  drops the DWARF, which is larger than all the rest,
#   bpftool gen skeleton  embeds the object in a C header, so that the binary needs no file beside it.
# The programs bring their own kernel types (no vmlinux.h): they build on any machine and fit kernels by CO-RE.
# Without LEAKSCOPE_BPF a module must compile without its skeletons; it sees LEAKSCOPE_HAVE_BPF only with them.
option(LEAKSCOPE_BPF "Build the BPF programs (needs clang, bpftool, libbpf)" ON)

if(LEAKSCOPE_BPF)
  find_program(LEAKSCOPE_BPF_CLANG NAMES clang clang-19 clang-18 clang-17 clang-16 clang-15 clang-14)
  find_program(LEAKSCOPE_BPFTOOL NAMES bpftool HINTS /usr/sbin /sbin)
  find_path(LEAKSCOPE_LIBBPF_INCLUDE bpf/libbpf.h)
  find_library(LEAKSCOPE_LIBBPF bpf)
  foreach(tool IN ITEMS LEAKSCOPE_BPF_CLANG LEAKSCOPE_BPFTOOL LEAKSCOPE_LIBBPF_INCLUDE LEAKSCOPE_LIBBPF)
    if(NOT ${tool})
      message(FATAL_ERROR "BPF programs need clang, bpftool and libbpf (Debian: apt-get install clang bpftool libbpf-dev), "
                          "${tool} was not found. Without them: -DLEAKSCOPE_BPF=OFF")
    endif()
  endforeach()
endif()

function(leakscope_bpf_skeleton module)
  if(NOT LEAKSCOPE_BPF)
    return()
  endif()
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|i.86)$")
    set(arch x86)
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
    set(arch arm64)
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^ppc64")
    set(arch powerpc)
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^riscv")
    set(arch riscv)
  else()
    set(arch ${CMAKE_SYSTEM_PROCESSOR})
  endif()
  set(out "${CMAKE_CURRENT_BINARY_DIR}/bpf")
  file(MAKE_DIRECTORY "${out}")
  # What bpftool writes is not ours to lint.
  file(WRITE "${out}/nolint_begin" "// NOLINTBEGIN\n")
  file(WRITE "${out}/nolint_end" "// NOLINTEND\n")
  foreach(program IN LISTS ARGN)
    get_filename_component(name "${program}" NAME)
    string(REGEX REPLACE "\\.bpf\\.c$" "" name "${name}")
    add_custom_command(
      OUTPUT "${out}/${name}.skel.h"
      COMMAND "${LEAKSCOPE_BPF_CLANG}" -target bpf -mcpu=v2 -O2 -g -Wall -Wextra -Werror -D__TARGET_ARCH_${arch}
              -I "${PROJECT_SOURCE_DIR}/src" -idirafter "${LEAKSCOPE_LIBBPF_INCLUDE}"
              -idirafter "/usr/include/${CMAKE_LIBRARY_ARCHITECTURE}"
              -MD -MF "${out}/${name}.d" -MT "${out}/${name}.skel.h"
              -c "${CMAKE_CURRENT_SOURCE_DIR}/${program}" -o "${out}/${name}.raw.o"
      COMMAND "${LEAKSCOPE_BPFTOOL}" gen object "${out}/${name}.o" "${out}/${name}.raw.o"
      COMMAND "${LEAKSCOPE_BPFTOOL}" gen skeleton "${out}/${name}.o" name ${name} > "${out}/${name}.generated.h"
      COMMAND "${CMAKE_COMMAND}" -E cat "${out}/nolint_begin" "${out}/${name}.generated.h" "${out}/nolint_end"
              > "${out}/${name}.skel.h"
      DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${program}"
      DEPFILE "${out}/${name}.d"
      COMMENT "BPF program ${name}"
      VERBATIM)
    target_sources(${module} PRIVATE "${out}/${name}.skel.h")
  endforeach()
  target_include_directories(${module} SYSTEM PRIVATE "${out}" "${LEAKSCOPE_LIBBPF_INCLUDE}")
  target_compile_definitions(${module} PRIVATE LEAKSCOPE_HAVE_BPF=1)
  target_link_libraries(${module} PRIVATE "${LEAKSCOPE_LIBBPF}")
endfunction()
