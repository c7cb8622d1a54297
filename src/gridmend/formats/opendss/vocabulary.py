"""The words of the language: classes, commands and options."""

from __future__ import annotations

from functools import lru_cache


def word_list(text: str) -> tuple[str, ...]:
    """The words of a text."""
    return tuple(text.split())


RECORDED = frozenset(
    word_list(
        """
        fmonitor growthshape monitor priceshape sensor spectrum tshape
        """
    )
)
"""Classes that measure or decorate: counted in a note and skipped."""

CONTROLLERS = frozenset(
    word_list(
        """
        equipcontrol espvlcontrol expcontrol gendispatcher invcontrol storagecontroller
        upfccontrol vvcontrol
        """
    )
)
"""Controls that are not modelled and may change the answer."""

NOT_MODELLED = frozenset(
    word_list(
        """
        autotrans cndata dynamicexp gicline gicsource gictransformer indmach012 isource
        tsdata upfc vccs vsconverter windgen
        """
    )
)
"""Elements that the grid cannot hold."""

CIRCUIT_CLASSES = frozenset(
    word_list(
        """
        capacitor capcontrol energymeter fault fuse generator line load pvsystem reactor
        recloser regcontrol relay storage swtcontrol transformer vsource
        """
    )
)
"""Classes that belong to a circuit and go when another begins."""

STUDY_COMMANDS = frozenset(
    word_list(
        """
        ? _docontrolactions _initsnap _samplecontrols _showcontrolqueue _solvedirect
        _solvenocontrol _solvepflow abort about addbusmarker alignfile allpceatbus
        allpdeatbus buildy calcincmatrix calcincmatrix_o calclaplacian capacity cktlosses
        classes cleanup clearbusmarkers clone closedi comhelp comparecases connect currents
        cvrtloadshapes di_plot disconnect distribute doscmd dump estimate export
        exportoverloads exportvviolations fileedit finishtimestep formedit get giscoords
        help init interpolate losses makebuslist newactor next nodediff nodelist panel
        phaselosses plot powers pstcalc puvoltages quit refine_buslevels relcalc
        reprocessbuses reset rotate sample save select seqcurrents seqpowers seqvoltages
        show solve solveall summary top totalpowers totals updatestorage userclasses uuids
        variable varnames varvalues vdiff visualize voltages wait yearlycurves ysc zsc
        zsc012 zsc10 zscrefresh
        """
    )
)
"""Commands that study or show the model: recorded and skipped, never run."""

CHANGING_COMMANDS = frozenset(
    word_list(
        """
        allocateloads cd makeposseq obfuscate reconductor reduce remove rephase
        setloadandgenkv
        """
    )
)
"""Commands that would change the model and are not carried out."""

COMMANDS = word_list(
    """
    new edit more m ~ select save show solve enable disable plot reset compile set dump open
    close redirect help quit ? next panel sample clear about calcvoltagebases setkvbase
    buildy get init export fileedit voltages currents powers seqvoltages seqcurrents
    seqpowers losses phaselosses cktlosses allocateloads formedit totals capacity classes
    userclasses zsc zsc10 zscrefresh ysc puvoltages varvalues varnames buscoords makebuslist
    makeposseq reduce interpolate alignfile top rotate vdiff summary distribute di_plot
    comparecases yearlycurves cd visualize closedi doscmd estimate reconductor _initsnap
    _solvenocontrol _samplecontrols _docontrolactions _showcontrolqueue _solvedirect
    _solvepflow addbusmarker uuids setloadandgenkv cvrtloadshapes nodediff rephase setbusxy
    updatestorage obfuscate latlongcoords batchedit pstcalc variable reprocessbuses
    clearbusmarkers relcalc var cleanup finishtimestep nodelist connect disconnect remove
    calcincmatrix calcincmatrix_o refine_buslevels calclaplacian exportoverloads
    exportvviolations zsc012 allpceatbus allpdeatbus totalpowers giscoords clearall comhelp
    newactor wait solveall abort clone latloncoords
    """
)
"""Commands in the order in which abbreviations are looked up."""

OPTIONS = word_list(
    """
    type element hour sec year frequency stepsize mode random number time class object
    circuit editor tolerance maxiterations h loadmodel loadmult normvminpu normvmaxpu
    emergvminpu emergvmaxpu %mean %stddev ldcurve %growth genkw genpf capkvar addtype
    allowduplicates zonelock ueweight lossweight ueregs lossregs voltagebases algorithm
    trapezoidal autobuslist controlmode tracecontrol genmult defaultdaily defaultyearly
    allocationfactors cktmodel pricesignal pricecurve terminal basefrequency harmonics
    maxcontroliter bus datapath keeplist reduceoption demandinterval %normal diverbose
    casename markercode nodewidth log recorder overloadreport voltexceptionreport cfactors
    showexport numallociterations defaultbasefrequency markswitches switchmarkercode
    daisysize marktransformers transmarkercode transmarkersize loadshapeclass earthmodel
    querylog markcapacitors markregulators markpvsystems markstorage capmarkercode
    regmarkercode pvmarkercode storemarkercode capmarkersize regmarkersize pvmarkersize
    storemarkersize neglectloady markfuses fusemarkercode fusemarkersize markreclosers
    reclosermarkercode reclosermarkersize registryupdate markrelays relaymarkercode
    relaymarkersize processtime totaltime steptime sampleenergymeters miniterations
    dssvisualizationtool keepload zmag seasonrating seasonsignal linetypes eventlogdefault
    longlinecorrection showreports numcpus numcores numactors activeactor cpu actorprogress
    parallel concatenatereports numanodes
    """
)
"""Options of `set` in the order in which abbreviations are looked up."""


@lru_cache(maxsize=5_000)
def command_of(written: str) -> str:
    """The command that a word names; empty where none does."""
    return meant(written, COMMANDS)


@lru_cache(maxsize=5_000)
def option_of(written: str) -> str:
    """The option that a word names; empty where none does."""
    return meant(written, OPTIONS)


def meant(written: str, known: tuple[str, ...]) -> str:
    """The known word that one written in full or in part names; empty where none does."""
    word = written.lower()
    if word in known:
        return word
    return next((name for name in known if word and name.startswith(word)), "")
