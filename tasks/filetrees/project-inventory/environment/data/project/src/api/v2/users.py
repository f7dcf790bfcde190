b
fgh

 f
acg dahg dahhgadfebcb
eh aagbhd chgefdbabgf
af
cdd 
adbbcaehfbg
h hffffebgcdbg
aaaacdcbcg
ffge
dbbbf
eg
 dheeeeg abeddg aaba ebddbfe ca
fecfegchh f
be
hfch 
e