gdege e fag
fag

cafhff
eha
aafehe

fcfcff
eegba
ce dedfcgbb
ffdhcbfd
hedba df
cefb
f
cge ehfgeg
gagcdah
 g dah e fdb
ebdaa dg
aahbc eda  ga
bfce hafddb bcdecah
gaede
  gahfaacababhab  hfcfbfgg
efedfgbc agb
cafh
 ga
gafhfgghadd e
bgdgcaff ebhb gbf
 b
ahcdga b
bgcafbabhe
eba
  db b a f
cbdcdh
gef
gf gbg dgcg

 hcgccbhh h
ccedc
 fd eg


edeaehgdc
fdfhcgh
dh
 ahbgahddbdeddecc
aecafcgbbbbeeafh
faaffgghbd
hgc fbebgbh eb ffheebf
  bh fae
cccfhbb cf
g echhecbbc  
gfbeegacah ed ffgh bfhbce
bb
bcd
ggc

cgd  c
cdefeahggf 
eh eha
dabdhc hdd da hb
ecchb
aaf
d bh affffcb
abfdbdgdhfbagbdcghhb gdheahhghchaeffh f
gdadefch dcdac
g cacb
chhcaaghfgaadgaghaddbghdcf
bfb
aeehehd eafffbagb

ababac ahad fdhfhfage
gbecgb g f gcg fcfghdhhfec 
ghaccahb