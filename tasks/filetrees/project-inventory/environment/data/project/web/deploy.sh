cb
dcbeaffceac  dae gfeh gfg cedha c

c egeda cgeedbc fgdc
dc db
abgfcahggehdca fa
e
eea ha 
fbda

efe hfec
deedbcbahadfdaadaccfggcgbha
dbad

fchbce behfbg bahhgcehadafc
gefd hcfba  b achhaa eb
cadhch
ehhbgf
fg  egdgff
agaggd
g ehedahc fgcgefafcdehhafb ahg gd
d  cchec dgbcfb  gfebchebhgeabcheg
ca e
gf
 hhhabbddbhehefgg  gh
ghagaeabhccdcgfhb heehaha  
adghbdcechcfccchceabafee dah 
fbdeg hga
addcdc c

ba gaghgefbb
cc fdacc
 ag

bgffdd
b gb  cceaedb dhehee
d dbeefbabad
eebaghfchffhghbf f c bchc
 cheaffgg bdhagedbafffhaafa fcbed a adcccbaeaa