# Samples of messages and states are shared with the fuzzers.
set(wire_samples ${PROJECT_SOURCE_DIR}/tests/fuzz/samples.c)
foreach(name wire wire_rules durable_state)
    goosed_unit_test(${name} goose)
    target_sources(test_${name} PRIVATE ${wire_samples})
    target_include_directories(test_${name} PRIVATE
        ${PROJECT_SOURCE_DIR}/tests ${PROJECT_SOURCE_DIR}/tests/fuzz ${PROJECT_SOURCE_DIR}/src/election)
endforeach()
# The core, a file of it at a time: core.c is one election, and what the others say is made up.
add_library(unit_core STATIC core.c)
target_link_libraries(unit_core PUBLIC rig ${CMOCKA_LIBRARY})
foreach(name
        roster observers lease succession vote geese steward voters requests forwarded scale refusals envelope invariants
        view)
    goosed_unit_test(${name} unit_core)
endforeach()
