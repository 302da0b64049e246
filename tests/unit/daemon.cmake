# The parts of the daemon.
foreach(name clock seal state_image durable address log options token changes on_change lease_page)
    goosed_unit_test(${name} goosed_parts)
    target_compile_definitions(test_${name} PRIVATE _GNU_SOURCE)
endforeach()
target_link_libraries(test_lease_page PRIVATE pthread)
# On a real election.
goosed_unit_test(jobs unit_core goosed_parts)
