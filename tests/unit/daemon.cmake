# The parts of the daemon.
foreach(name clock seal state_image durable address log options token changes on_change)
    goosed_unit_test(${name} goosed_parts)
    target_compile_definitions(test_${name} PRIVATE _GNU_SOURCE)
endforeach()
