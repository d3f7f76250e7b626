# leakscope_module(NAME [DEPS module...] [LIBS library...] [FOLDERS folder...])
#
# One folder is one module: every .cc beside the CMakeLists.txt goes into a static library, except
#   *_test.cc   one GoogleTest program per module, run by ctest under the module's name (tests find their
#               data in the folder's testdata/ through LEAKSCOPE_TESTDATA),
#   *_fuzz.cc   one fuzzer each, with testdata/<name>/ (the file's name without _fuzz) as its corpus: built with
#               libFuzzer in the fuzz preset, elsewhere with a driver that replays and mutates the corpus,
#   *_bench.cc  one Google Benchmark program each (LEAKSCOPE_BENCH).
# FOLDERS are folders below it that belong to the same module.
# NAME is the folder below src/ with '/' replaced by '_'; DEPS are other modules by the same kind of name.
function(leakscope_module name)
  cmake_parse_arguments(ARG "" "" "DEPS;LIBS;TEST_LIBS;FOLDERS" ${ARGN})
  set(patterns "*.cc")
  foreach(folder IN LISTS ARG_FOLDERS)
    list(APPEND patterns "${folder}/*.cc")
  endforeach()
  file(GLOB all CONFIGURE_DEPENDS ${patterns})
  set(sources ${all})
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz|bench)\\.cc$")
  set(tests ${all})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  set(fuzzers ${all})
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cc$")
  set(benches ${all})
  list(FILTER benches INCLUDE REGEX "_bench\\.cc$")

  if(sources)
    add_library(${name} STATIC ${sources})
    target_link_libraries(${name} PUBLIC leakscope_flags ${ARG_DEPS} ${ARG_LIBS})
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE leakscope_flags ${ARG_DEPS} ${ARG_LIBS})
  endif()

  if(LEAKSCOPE_TESTS AND tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE ${name} ${ARG_TEST_LIBS} GTest::gtest GTest::gtest_main)
    target_compile_definitions(${name}_test PRIVATE LEAKSCOPE_TESTDATA="${CMAKE_CURRENT_SOURCE_DIR}/testdata")
    add_test(NAME ${name} COMMAND ${name}_test)
    set_tests_properties(${name} PROPERTIES TIMEOUT 300)
  endif()

  foreach(file IN LISTS fuzzers)
    get_filename_component(target ${file} NAME_WE)
    string(REGEX REPLACE "_fuzz$" "" subject ${target})
    set(corpus "${CMAKE_CURRENT_SOURCE_DIR}/testdata/${subject}")
    if(LEAKSCOPE_FUZZ)
      add_executable(${name}_${target} ${file})
      target_link_libraries(${name}_${target} PRIVATE ${name} ${ARG_TEST_LIBS})
      target_compile_options(${name}_${target} PRIVATE -fsanitize=fuzzer)
      target_link_options(${name}_${target} PRIVATE -fsanitize=fuzzer)
      file(APPEND "${CMAKE_BINARY_DIR}/fuzzers.txt" "${CMAKE_CURRENT_BINARY_DIR}/${name}_${target} ${corpus}\n")
    elseif(LEAKSCOPE_TESTS)
      add_executable(${name}_${target} ${file})
      target_link_libraries(${name}_${target} PRIVATE ${name} ${ARG_TEST_LIBS} fuzz_replay)
      add_test(NAME fuzz.${name}.${subject} COMMAND ${name}_${target} "${corpus}")
      set_tests_properties(fuzz.${name}.${subject} PROPERTIES TIMEOUT 120)
    endif()
  endforeach()

  if(LEAKSCOPE_BENCH AND benches)
    find_package(benchmark REQUIRED)
    foreach(file IN LISTS benches)
      get_filename_component(target ${file} NAME_WE)
      add_executable(${name}_${target} ${file})
      target_link_libraries(${name}_${target} PRIVATE ${name} benchmark::benchmark)
    endforeach()
  endif()
endfunction()

if(LEAKSCOPE_FUZZ)
  # "PROGRAM CORPUS" per line, for ./dev fuzz; written anew by each configuration.
  file(WRITE "${CMAKE_BINARY_DIR}/fuzzers.txt" "")
endif()
