"""The properties of each class, in the order of the language."""

from __future__ import annotations

from functools import lru_cache

from gridmend.formats.opendss.vocabulary import meant, word_list

PROPERTIES: dict[str, tuple[str, ...]] = {
    "linecode": word_list(
        """
        nphases r1 x1 r0 x0 c1 c0 units rmatrix xmatrix cmatrix basefreq normamps emergamps
        faultrate pctperm repair kron rg xg rho neutral b1 b0 seasons ratings linetype like
        """
    ),
    "loadshape": word_list(
        """
        npts interval mult hour mean stddev csvfile sngfile dblfile action qmult useactual
        pmax qmax sinterval minterval pbase qbase pmult pqcsvfile memorymapping
        interpolation like
        """
    ),
    "xycurve": word_list(
        """
        npts points yarray xarray csvfile sngfile dblfile x y xshift yshift xscale yscale
        like
        """
    ),
    "wiredata": word_list(
        """
        rdc rac runits gmrac gmrunits radius radunits normamps emergamps diam seasons
        ratings capradius like
        """
    ),
    "linespacing": word_list(
        """
        nconds nphases x h units like
        """
    ),
    "linegeometry": word_list(
        """
        nconds nphases cond wire x h units normamps emergamps reduce spacing wires cncable
        tscable cncables tscables seasons ratings linetype like
        """
    ),
    "xfmrcode": word_list(
        """
        phases windings wdg conn kv kva tap %r rneut xneut conns kvs kvas taps xhl xht xlt
        xscarray thermal n m flrise hsrise %loadloss %noloadloss normhkva emerghkva maxtap
        mintap numtaps %imag ppm_antifloat %rs x12 x13 x23 rdcohms seasons ratings like
        """
    ),
    "vsource": word_list(
        """
        bus1 basekv pu angle frequency phases mvasc3 mvasc1 x1r1 x0r0 isc3 isc1 r1 x1 r0 x0
        scantype sequence bus2 z1 z0 z2 puz1 puz0 puz2 basemva yearly daily duty model
        puzideal spectrum basefreq enabled like
        """
    ),
    "line": word_list(
        """
        bus1 bus2 linecode length phases r1 x1 r0 x0 c1 c0 rmatrix xmatrix cmatrix switch rg
        xg rho geometry units spacing wires earthmodel cncables tscables b1 b0 seasons
        ratings linetype normamps emergamps faultrate pctperm repair basefreq enabled like
        """
    ),
    "load": word_list(
        """
        phases bus1 kv kw pf model yearly daily duty growth conn kvar rneut xneut status
        class vminpu vmaxpu vminnorm vminemerg xfkva allocationfactor kva %mean %stddev
        cvrwatts cvrvars kwh kwhdays cfactor cvrcurve numcust zipv %seriesrl relweight
        vlowpu puxharm xrharm spectrum basefreq enabled like
        """
    ),
    "transformer": word_list(
        """
        phases windings wdg bus conn kv kva tap %r rneut xneut buses conns kvs kvas taps xhl
        xht xlt xscarray thermal n m flrise hsrise %loadloss %noloadloss normhkva emerghkva
        sub maxtap mintap numtaps subname %imag ppm_antifloat %rs bank xfmrcode xrconst x12
        x13 x23 leadlag wdgcurrents core rdcohms seasons ratings normamps emergamps
        faultrate pctperm repair basefreq enabled like
        """
    ),
    "regcontrol": word_list(
        """
        transformer winding vreg band ptratio ctprim r x bus delay reversible revvreg
        revband revr revx tapdelay debugtrace maxtapchange inversetime tapwinding vlimit
        ptphase revthreshold revdelay revneutral eventlog remoteptratio tapnum reset ldc_z
        rev_z cogen basefreq enabled like
        """
    ),
    "capacitor": word_list(
        """
        bus1 bus2 phases kvar kv conn cmatrix cuf r xl harm numsteps states normamps
        emergamps faultrate pctperm repair basefreq enabled like
        """
    ),
    "reactor": word_list(
        """
        bus1 bus2 phases kvar kv conn rmatrix xmatrix parallel r x rp z1 z2 z0 z rcurve
        lcurve lmh normamps emergamps faultrate pctperm repair basefreq enabled like
        """
    ),
    "capcontrol": word_list(
        """
        element terminal capacitor type ptratio ctratio onsetting offsetting delay
        voltoverride vmax vmin delayoff deadtime ctphase ptphase vbus eventlog usermodel
        userdata pctminkvar reset controlsignal basefreq enabled like
        """
    ),
    "fault": word_list(
        """
        bus1 bus2 phases r %stddev gmatrix ontime temporary minamps normamps emergamps
        faultrate pctperm repair basefreq enabled like
        """
    ),
    "generator": word_list(
        """
        phases bus1 kv kw pf kvar model vminpu vmaxpu yearly daily duty dispmode dispvalue
        conn status class vpu maxkvar minkvar pvfactor forceon kva mva xd xdp xdpp h d
        usermodel userdata shaftmodel shaftdata dutystart debugtrace balanced xrdp usefuel
        fuelkwh %fuel %reserve refuel dynamiceq dynout spectrum basefreq enabled like
        """
    ),
    "pvsystem": word_list(
        """
        phases bus1 kv irradiance pmpp %pmpp temperature pf conn kvar kva %cutin %cutout
        effcurve p-tcurve %r %x model vminpu vmaxpu balanced limitcurrent yearly daily duty
        tyearly tdaily tduty class usermodel userdata debugtrace varfollowinverter dutystart
        wattpriority pfpriority %pminnovars %pminkvarmax kvarmax kvarmaxabs kvdc kp pitol
        safevoltage safemode dynamiceq dynout controlmode amplimit amplimitgain spectrum
        basefreq enabled like
        """
    ),
    "storage": word_list(
        """
        phases bus1 kv conn kw kvar pf kva %cutin %cutout effcurve varfollowinverter kvarmax
        kvarmaxabs wattpriority pfpriority %pminnovars %pminkvarmax kwrated %kwrated
        kwhrated kwhstored %stored %reserve state %discharge %charge %effcharge
        %effdischarge %idlingkw %idlingkvar %r %x model vminpu vmaxpu balanced limitcurrent
        yearly daily duty dispmode dischargetrigger chargetrigger timechargetrig class
        dynadll dynadata usermodel userdata debugtrace kvdc kp pitol safevoltage safemode
        dynamiceq dynout controlmode amplimit amplimitgain spectrum basefreq enabled like
        """
    ),
    "tcc_curve": word_list(
        """
        npts c_array t_array like
        """
    ),
    "fuse": word_list(
        """
        monitoredobj monitoredterm switchedobj switchedterm fusecurve ratedcurrent delay
        action normal state basefreq enabled like
        """
    ),
    "recloser": word_list(
        """
        monitoredobj monitoredterm switchedobj switchedterm numfast phasefast phasedelayed
        groundfast grounddelayed phasetrip groundtrip phaseinst groundinst reset shots
        recloseintervals delay action tdphfast tdgrfast tdphdelayed tdgrdelayed normal state
        basefreq enabled like
        """
    ),
    "relay": word_list(
        """
        monitoredobj monitoredterm switchedobj switchedterm type phasecurve groundcurve
        phasetrip groundtrip tdphase tdground phaseinst groundinst reset shots
        recloseintervals delay overvoltcurve undervoltcurve kvbase 47%pickup 46baseamps
        46%pickup 46isqt variable overtrip undertrip breakertime action z1mag z1ang z0mag
        z0ang mphase mground eventlog debugtrace distreverse normal state doc_tiltanglelow
        doc_tiltanglehigh doc_tripsettinglow doc_tripsettinghigh doc_tripsettingmag
        doc_delayinner doc_phasecurveinner doc_phasetripinner doc_tdphaseinner
        doc_p1blocking basefreq enabled like
        """
    ),
    "swtcontrol": word_list(
        """
        switchedobj switchedterm action lock delay normal state reset basefreq enabled like
        """
    ),
    "energymeter": word_list(
        """
        element terminal action option kvanormal kvaemerg peakcurrent zonelist localonly
        mask losses linelosses xfmrlosses seqlosses 3phaselosses vbaselosses
        phasevoltagereport int_rate int_duration saifi saifikw saidi caidi custinterrupts
        basefreq enabled like
        """
    ),
}
"""Properties of each class, in the order in which positional values fill them."""


@lru_cache(maxsize=20_000)
def property_of(kind: str, written: str) -> str:
    """The property of a class that a word names: exactly, else the first that begins with it."""
    return meant(written, PROPERTIES[kind])
