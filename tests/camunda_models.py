"""Two orders as people draw them for Camunda 8 and for Camunda 7, with everything that is converted, and a little that is not."""

from typing import Final

_HEAD: Final = (
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" xmlns:camunda="http://camunda.org/schema/1.0/bpmn" id="definitions" '
    'targetNamespace="http://bpmn.io/schema/bpmn">'
)

CAMUNDA_8: Final = f"""{_HEAD}
 <bpmn:message id="paid" name="payment-received"><bpmn:extensionElements><zeebe:subscription correlationKey="=orderId"/>
 </bpmn:extensionElements></bpmn:message>
 <bpmn:process id="order-process" name="Order" isExecutable="true">
  <bpmn:extensionElements><zeebe:userTaskForm id="checkForm">{{"type":"default","components":[
    {{"type":"textfield","key":"decision","label":"Decision"}}]}}</zeebe:userTaskForm>
   <zeebe:versionTag value="v1"/></bpmn:extensionElements>
  <bpmn:startEvent id="begin"><bpmn:extensionElements><zeebe:ioMapping><zeebe:output source="=50" target="importance"/></zeebe:ioMapping>
   </bpmn:extensionElements></bpmn:startEvent>
  <bpmn:userTask id="check" name="Check the order"><bpmn:extensionElements>
    <zeebe:userTask/><zeebe:formDefinition formKey="camunda-forms:bpmn:checkForm"/>
    <zeebe:assignmentDefinition candidateGroups="sales"/><zeebe:priorityDefinition priority="=importance"/>
    <zeebe:taskSchedule dueDate="=now() + duration(&quot;PT4H&quot;)"/>
    <zeebe:ioMapping><zeebe:input source="=orderId" target="number"/>
     <zeebe:output source="=decision = &quot;yes&quot;" target="approved"/></zeebe:ioMapping></bpmn:extensionElements></bpmn:userTask>
  <bpmn:scriptTask id="sum"><bpmn:extensionElements>
    <zeebe:script expression="=sum(for line in lines return line.price)" resultVariable="total"/></bpmn:extensionElements></bpmn:scriptTask>
  <bpmn:serviceTask id="pack" name="Pack"><bpmn:extensionElements>
    <zeebe:taskDefinition type="pack-item" retries="3"/><zeebe:taskHeaders><zeebe:header key="station" value="A 1"/></zeebe:taskHeaders>
    <zeebe:ioMapping><zeebe:input source="=line.sku" target="item.sku"/><zeebe:input source="=orderId" target="item.order"/>
     <zeebe:output source="=parcel" target="parcel"/></zeebe:ioMapping></bpmn:extensionElements>
   <bpmn:multiInstanceLoopCharacteristics><bpmn:extensionElements>
    <zeebe:loopCharacteristics inputCollection="=lines" inputElement="line" outputCollection="parcels" outputElement="=parcel"/>
   </bpmn:extensionElements></bpmn:multiInstanceLoopCharacteristics></bpmn:serviceTask>
  <bpmn:intermediateCatchEvent id="wait"><bpmn:messageEventDefinition messageRef="paid"/></bpmn:intermediateCatchEvent>
  <bpmn:exclusiveGateway id="large" default="no"/>
  <bpmn:sendTask id="thank" name="Thank"><bpmn:extensionElements><zeebe:taskDefinition type="send-mail"/>
    </bpmn:extensionElements></bpmn:sendTask>
  <bpmn:endEvent id="done"/>
  <bpmn:sequenceFlow id="f1" sourceRef="begin" targetRef="check"/><bpmn:sequenceFlow id="f2" sourceRef="check" targetRef="sum"/>
  <bpmn:sequenceFlow id="f3" sourceRef="sum" targetRef="pack"/><bpmn:sequenceFlow id="f4" sourceRef="pack" targetRef="wait"/>
  <bpmn:sequenceFlow id="f5" sourceRef="wait" targetRef="large"/>
  <bpmn:sequenceFlow id="yes" name="yes" sourceRef="large" targetRef="thank">
   <bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">=total &gt; 10 and approved</bpmn:conditionExpression></bpmn:sequenceFlow>
  <bpmn:sequenceFlow id="no" name="no" sourceRef="large" targetRef="done"/><bpmn:sequenceFlow id="f6" sourceRef="thank" targetRef="done"/>
 </bpmn:process></bpmn:definitions>""".encode()

CAMUNDA_7: Final = f"""{_HEAD}
 <bpmn:process id="invoice" name="Invoice" camunda:historyTimeToLive="P30D">
  <bpmn:startEvent id="begin"><bpmn:extensionElements><camunda:formData>
    <camunda:formField id="amount" label="Amount" type="long"><camunda:validation><camunda:constraint name="min" config="1"/>
     </camunda:validation></camunda:formField>
    <camunda:formField id="creditor" label="Creditor" type="string" defaultValue="Acme"/></camunda:formData>
    </bpmn:extensionElements></bpmn:startEvent>
  <bpmn:exclusiveGateway id="large" default="small"/>
  <bpmn:userTask id="approve" name="Approve" camunda:candidateGroups="${{amount &gt; 10000 ? 'executive' : 'finance'}}"
    camunda:dueDate="${{dateTime().plusDays(3).toDate()}}" camunda:priority="70"/>
  <bpmn:serviceTask id="archive" name="Archive" camunda:class="org.acme.ArchiveInvoice" camunda:asyncBefore="true"><bpmn:extensionElements>
    <camunda:field name="shelf" stringValue="B 2"/>
    <camunda:inputOutput><camunda:inputParameter name="title">Invoice of ${{creditor}}</camunda:inputParameter>
     <camunda:inputParameter name="tags"><camunda:list><camunda:value>paid</camunda:value><camunda:value>${{creditor}}</camunda:value>
      </camunda:list></camunda:inputParameter>
     <camunda:outputParameter name="archived">${{place != null}}</camunda:outputParameter></camunda:inputOutput>
    </bpmn:extensionElements></bpmn:serviceTask>
  <bpmn:serviceTask id="double" name="Double" camunda:expression="${{amount * 2}}" camunda:resultVariable="twice"/>
  <bpmn:sendTask id="pay" name="Pay" camunda:delegateExpression="${{payService}}"/>
  <bpmn:serviceTask id="tell" name="Tell" camunda:type="external" camunda:topic="tell-creditor">
   <bpmn:multiInstanceLoopCharacteristics isSequential="true" camunda:collection="${{people}}" camunda:elementVariable="person"/>
    </bpmn:serviceTask>
  <bpmn:endEvent id="done"/>
  <bpmn:sequenceFlow id="f1" sourceRef="begin" targetRef="large"/>
  <bpmn:sequenceFlow id="big" name="large" sourceRef="large" targetRef="approve">
   <bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">${{amount &gt;= 1000 &amp;&amp; !empty creditor}}
    </bpmn:conditionExpression></bpmn:sequenceFlow>
  <bpmn:sequenceFlow id="small" name="small" sourceRef="large" targetRef="archive"/>
    <bpmn:sequenceFlow sourceRef="approve" targetRef="archive"/>
  <bpmn:sequenceFlow id="f3" sourceRef="archive" targetRef="double"/><bpmn:sequenceFlow id="f4" sourceRef="double" targetRef="pay"/>
  <bpmn:sequenceFlow id="f5" sourceRef="pay" targetRef="tell"/><bpmn:sequenceFlow id="f6" sourceRef="tell" targetRef="done"/>
 </bpmn:process></bpmn:definitions>""".encode()
