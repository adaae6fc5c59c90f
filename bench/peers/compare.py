def peers(d,s): return []
def peers_targets(*a): return []
