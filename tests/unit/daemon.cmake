# The parts of the daemon.
foreach(name clock seal state_image durable address log options token metrics changes on_change lease_page)
    goosed_unit_test(${name} goosed_parts)
    target_compile_definitions(test_${name} PRIVATE _GNU_SOURCE)
endforeach()
target_link_libraries(test_lease_page PRIVATE pthread)
# On a real election.
goosed_unit_test(jobs unit_core goosed_parts)

# The wire is the test's: udp.c is left out.
goosed_unit_test(probe goosed_parts PkgConfig::SODIUM)
target_sources(test_probe PRIVATE ${PROJECT_SOURCE_DIR}/src/daemon/probe.c ${PROJECT_SOURCE_DIR}/src/daemon/diary.c)
target_compile_definitions(test_probe PRIVATE _GNU_SOURCE)
