# goosed: the daemon itself.
add_executable(goosed
    main.c node.c show.c udp.c names.c alarm.c tell.c probe.c diary.c why.c door.c scrape.c drills.c listener.c)
target_compile_definitions(goosed PRIVATE _GNU_SOURCE)
target_link_libraries(goosed PRIVATE goosed_parts goosed_http goose PkgConfig::UV PkgConfig::CJSON PkgConfig::SODIUM)
install(TARGETS goosed RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR})
