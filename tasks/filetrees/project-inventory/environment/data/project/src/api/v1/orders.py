cghfchg gddhe 
abcde g
gabeaa gff gd
hag
beh
cdd bafehec
