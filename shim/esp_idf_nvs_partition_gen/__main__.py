from .nvs_partition_gen import main

main()
